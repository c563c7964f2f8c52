#!/usr/bin/env python3
"""Adapters that PEFT writes with its options one by one: we load each with PEFT's logits, or refuse it by name.

    adapters_of_peft.py [--only NAME,...] [--work FOLDER] [--tolerance 1e-4]

Run it with a Python that has torch, transformers and PEFT (0.21.2 has all the options; those that an older PEFT lacks
are left out and counted); lib/bench is built (mvn package). Bases are tiny, with random weights. Each adapter is
saved, and PEFT opens it again over a fresh base: what it then computes is what ours must. Compared are

    logits      over the base, and with the adapter merged into it
    gradients   of a mean loss over all texts, the norm of each tensor's, where training can go on from the adapter
    saved       what we save of it again: PEFT computes the same with it

An adapter that ours must refuse has the beginning of its reason in the table. Exit code 0: all as it should be.
"""
import argparse
import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import warnings

import peft
import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model

BENCH = pathlib.Path(__file__).resolve().parents[1]
VOCABULARY = 61
TEXTS = [[7, 31, 4, 18, 44, 9, 27], [12, 5, 58, 33, 21, 40, 8, 14, 50, 6, 39]]
LABELS = ["old", "new", "other"]
COMMON = dict(vocab_size=VOCABULARY, bos_token_id=0, eos_token_id=1, pad_token_id=2)
LLAMA = dict(hidden_size=24, intermediate_size=40, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
             max_position_embeddings=64, **COMMON)
GEMMA = dict(LLAMA, head_dim=10, query_pre_attn_scalar=7, sliding_window=5)
BERT = dict(hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4,
            max_position_embeddings=66, **COMMON)
BASES = {
    "llama": (transformers.LlamaConfig, LLAMA),
    "tied": (transformers.LlamaConfig, dict(LLAMA, tie_word_embeddings=True)),
    "biases": (transformers.LlamaConfig, dict(LLAMA, attention_bias=True, mlp_bias=True)),
    "qwen2": (transformers.Qwen2Config, LLAMA),
    "phi3": (transformers.Phi3Config, dict(LLAMA, num_key_value_heads=4)),
    "gemma3": (transformers.Gemma3TextConfig, GEMMA),
    "gpt2": (transformers.GPT2Config, dict(n_embd=24, n_layer=2, n_head=4, n_positions=64, resid_pdrop=0.0,
                                           embd_pdrop=0.0, attn_pdrop=0.0, **COMMON)),
    "gpt_neo": (transformers.GPTNeoConfig, dict(
        hidden_size=24, num_layers=2, num_heads=4, max_position_embeddings=64, window_size=7,
        attention_types=[[["global", "local"], 1]], **COMMON)),
    "bert": (transformers.BertConfig, BERT),
    "distilbert": (transformers.DistilBertConfig, dict(
        dim=24, hidden_dim=40, n_layers=2, n_heads=4, max_position_embeddings=64, **COMMON)),
}
CLASSIFIERS = ("bert", "distilbert")
ATTENTION = ["q_proj", "v_proj"]
UNSLOTH = (r"(?:.*?(?:language|text).*?(?:self_attn|attention|attn|mlp|feed_forward|ffn|dense).*?(?:k_proj|v_proj|q_proj|"
           r"o_proj|gate_proj|up_proj|down_proj).*?)|(?:\bmodel\.layers\.[\d]{1,}\.(?:self_attn|attention|attn|mlp|"
           r"feed_forward|ffn|dense)\.(?:(?:k_proj|v_proj|q_proj|o_proj|gate_proj|up_proj|down_proj)))")
CHANGED = "changed the base when training began"
ELSEWHERE = "is not computed here"


@dataclasses.dataclass
class Case:
    """An adapter: LoraConfig's settings, and what is done besides."""
    name: str
    base: str = "llama"
    settings: dict = dataclasses.field(default_factory=dict)
    refused: str = ""  # part of our reason; empty: it is loaded
    not_merged: str = ""
    not_trained: str = ""
    tokens: int = VOCABULARY  # the base is resized to
    save: dict = dataclasses.field(default_factory=dict)  # settings of save_pretrained
    convert: bool = False  # to plain LoRA, as PEFT does for starts that change the base
    edit: dict = dataclasses.field(default_factory=dict)  # what is changed in adapter_config.json afterwards
    dtype: torch.dtype = torch.float32


def option(name, **settings):
    """A sub-configuration of PEFT's, or None where this PEFT lacks it."""
    kind = getattr(peft, name, None) or getattr(peft.tuners.lora.config, name, None)
    return kind(**settings) if kind else None


def cases():
    def lora(**settings):
        return dict(r=4, lora_alpha=8, target_modules=ATTENTION, task_type="CAUSAL_LM") | settings

    velora = option("VeloraConfig", num_groups=4)
    monteclora = option("MontecloraConfig")
    return [
        Case("plain", settings=lora()),
        Case("r_1", settings=lora(r=1)),
        Case("alpha_fraction", settings=lora(lora_alpha=12.5)),
        Case("dropout", settings=lora(lora_dropout=0.3)),
        Case("no_task", settings=lora(task_type=None)),
        Case("usual_targets", settings=lora(), edit={"target_modules": None}),
        Case("rslora", settings=lora(use_rslora=True)),
        Case("dora", settings=lora(use_dora=True, target_modules=["q_proj", "down_proj"])),
        Case("bfloat16", settings=lora(), dtype=torch.bfloat16),
        Case("all_linear", settings=lora(target_modules="all-linear")),
        Case("names_without_match", settings=lora(target_modules=ATTENTION + ["visual_proj", "c_attn"])),
        Case("no_match", settings=lora(), edit={"target_modules": ["c_attn"]}, refused="match nothing of a llama model"),
        Case("whole_names", settings=lora(target_modules=["model.layers.1.mlp.up_proj", "layers.0.self_attn.o_proj"])),
        Case("expression", settings=lora(target_modules=r".*\.(?P<layer>[02])\..*(q|gate)_proj")),
        Case("unsloth", settings=lora(target_modules=UNSLOTH)),
        Case("unsloth_phi3", "phi3", lora(target_modules=r".*(qkv|gate_up)_proj")),
        Case("exclude_list", settings=lora(target_modules="all-linear", exclude_modules=["mlp.up_proj", "visual"])),
        Case("exclude_expression", settings=lora(exclude_modules=r".*layers\.1\..*")),
        Case("layers", settings=lora(layers_to_transform=[0, 2, 17])),
        Case("layer", settings=lora(layers_to_transform=1)),
        Case("layers_pattern", settings=lora(layers_to_transform=[1], layers_pattern="layers")),
        Case("layers_patterns", "gpt2", lora(target_modules=["c_attn", "c_proj"], layers_to_transform=[0],
                                             layers_pattern=["layers", "h"], fan_in_fan_out=True)),
        Case("rank_pattern", settings=lora(rank_pattern={r"layers\.[12]\..*q_proj": 7, "visual": 3})),
        Case("alpha_pattern_first", settings=lora(alpha_pattern={"q_proj": 3, r"layers\.0.*": 30})),
        Case("bias_all", "biases", lora(bias="all")),
        Case("bias_all_gpt2", "gpt2", lora(target_modules=["c_attn"], bias="all", fan_in_fan_out=True)),
        Case("bias_lora_only", "qwen2", lora(target_modules=["q_proj", "o_proj"], bias="lora_only")),
        Case("bias_classifier", "bert", lora(target_modules=["query", "value"], task_type="SEQ_CLS", bias="all")),
        Case("classifier", "distilbert", lora(target_modules=["q_lin", "v_lin"], task_type="SEQ_CLS")),
        Case("classifier_word_embeddings", "bert", lora(
            target_modules=["query", "word_embeddings", "token_type_embeddings"], task_type="SEQ_CLS")),
        Case("lora_bias", "biases", lora(lora_bias=True)),
        Case("lora_bias_without_bias", settings=lora(lora_bias=True), not_merged="has no bias that the update's"),
        Case("lora_bias_head", settings=lora(target_modules=["q_proj", "lm_head"], lora_bias=True),
             not_merged="has no bias that the update's", not_trained="lora_bias: the update of lm_head"),
        Case("embedding", settings=lora(target_modules=["q_proj", "embed_tokens"])),
        Case("embedding_alone", settings=lora(target_modules=["embed_tokens"])),
        Case("embedding_unsaved", settings=lora(target_modules=["embed_tokens"]), save={"save_embedding_layers": False}),
        Case("embedding_gemma", "gemma3", lora(target_modules=["q_proj", "embed_tokens"])),
        Case("embeddings_gpt2", "gpt2", lora(target_modules=["c_attn", "wte", "wpe"], fan_in_fan_out=True)),
        Case("head", settings=lora(target_modules=["q_proj", "lm_head"])),
        Case("head_dropout_rslora", settings=lora(target_modules=["lm_head"], lora_dropout=0.2, use_rslora=True)),
        Case("embedding_and_head", settings=lora(target_modules=["embed_tokens", "lm_head", "v_proj"])),
        Case("tied_embedding", "tied", lora(target_modules=["q_proj", "embed_tokens"])),
        Case("tied_head", "gpt_neo", lora(target_modules=["q_proj", "lm_head"])),
        Case("tied_both", "tied", lora(target_modules=["embed_tokens", "lm_head"])),
        Case("tied_both_as_one", "tied", lora(target_modules=["embed_tokens", "q_proj"], ensure_weight_tying=True),
             not_trained="ensure_weight_tying"),
        Case("dora_embedding", settings=lora(target_modules=["q_proj", "embed_tokens"], use_dora=True),
             refused="use_dora: DoRA of model.embed_tokens is not supported"),
        Case("modules_to_save", settings=lora(modules_to_save=["lm_head", "norm", "visual"])),
        Case("modules_to_save_tied", "tied", lora(modules_to_save=["embed_tokens", "lm_head"])),
        Case("modules_to_save_tied_head", "tied", lora(modules_to_save=["lm_head"])),
        Case("modules_to_save_as_one", "tied", lora(modules_to_save=["embed_tokens"], ensure_weight_tying=True),
             not_trained="ensure_weight_tying"),
        Case("nothing_but_saved", settings=lora(target_modules="dummy-target-modules", modules_to_save=["norm"])),
        Case("save_embedding_layers", settings=lora(), save={"save_embedding_layers": True}),
        Case("save_embedding_layers_tied", "tied", lora(), save={"save_embedding_layers": True}),
        Case("resized", settings=lora(), tokens=VOCABULARY + 4),
        Case("resized_tied", "tied", lora(), tokens=VOCABULARY + 4),
        Case("resized_smaller", settings=lora(), tokens=VOCABULARY - 2),
        Case("resized_embedding", "tied", lora(target_modules=["q_proj", "embed_tokens"]), tokens=VOCABULARY + 3),
        Case("resized_saved", settings=lora(modules_to_save=["embed_tokens", "lm_head"]), tokens=VOCABULARY + 4),
        Case("resized_unsaved", settings=lora(target_modules=["embed_tokens"]), tokens=VOCABULARY + 4,
             refused="has no rows of lm_head for them"),
        Case("start_gaussian", settings=lora(init_lora_weights="gaussian")),
        Case("start_without", settings=lora(init_lora_weights=False)),
        Case("start_eva", settings=lora(init_lora_weights="eva", eva_config=option("EvaConfig", rho=1.5))),
        Case("start_orthogonal", settings=lora(init_lora_weights="orthogonal")),
        Case("start_mica", settings=lora(init_lora_weights="mica"), not_trained="init_lora_weights: mica"),
        Case("start_pissa", settings=lora(init_lora_weights="pissa"), refused=CHANGED),
        Case("start_pissa_converted", settings=lora(init_lora_weights="pissa"), convert=True),
        Case("start_pissa_niter_converted", settings=lora(init_lora_weights="pissa_niter_4"), convert=True),
        Case("start_olora", settings=lora(init_lora_weights="olora"), refused=CHANGED),
        Case("start_olora_converted", settings=lora(init_lora_weights="olora"), convert=True),
        Case("start_corda", settings=lora(), edit={"init_lora_weights": "corda"}, refused=CHANGED),
        Case("start_lora_ga", settings=lora(), edit={"init_lora_weights": "lora_ga"}, refused=CHANGED),
        Case("start_loftq", settings=lora(), edit={"init_lora_weights": "loftq"}, refused=CHANGED),
        Case("corda_config", settings=lora(corda_config=option("CordaConfig"))),
        Case("lora_ga_config", settings=lora(lora_ga_config=option("LoraGAConfig"))),
        Case("loftq_config", settings=lora(), edit={"loftq_config": {"loftq_bits": 4, "loftq_iter": 1}}),
        Case("velora", settings=lora(velora_config=velora), not_trained="velora_config"),
        Case("monteclora", settings=lora(monteclora_config=monteclora), not_trained="monteclora_config"),
        Case("kasa", settings=lora(kasa_config=option("KasaConfig")), refused=ELSEWHERE),
        Case("bdlora", settings=lora(use_bdlora=option("BdLoraConfig", target_modules_bd_a=["v_proj"],
                                                       target_modules_bd_b=["q_proj"], nblocks=2)), refused=ELSEWHERE),
        Case("alora", settings=lora(alora_invocation_tokens=[5, 58]), refused=ELSEWHERE),
        Case("target_parameters", settings=lora(target_modules=[], target_parameters=["q_proj.weight"]),
             refused=ELSEWHERE),
        Case("layer_replication", settings=lora(layer_replication=[[0, 2], [1, 3]]), refused=ELSEWHERE),
        Case("arrow", settings=lora(), edit={"arrow_config": {"top_k": 2}}, refused=ELSEWHERE),
        Case("qalora", settings=lora(), edit={"use_qalora": True}, refused=ELSEWHERE),
        Case("megatron", settings=lora(), edit={"megatron_config": {"hidden_size": 24}}, refused=ELSEWHERE),
        Case("token_indices", settings=lora(trainable_token_indices=[5, 9])),
        Case("token_indices_of_both", settings=lora(trainable_token_indices={"embed_tokens": [5, 9], "lm_head": [44]})),
        Case("token_indices_tied", "tied", lora(trainable_token_indices=[31, 4])),
    ]


def make_base(name, folder):
    kind, settings = BASES[name]
    torch.manual_seed(7)
    config = kind(**settings)
    if name in CLASSIFIERS:
        config.id2label, config.label2id = dict(enumerate(LABELS)), {label: i for i, label in enumerate(LABELS)}
        model = transformers.AutoModelForSequenceClassification.from_config(config)
    else:
        model = transformers.AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.15 * torch.randn_like(parameter))
    model.save_pretrained(folder)


def open_base(case, work):
    auto = transformers.AutoModelForSequenceClassification if case.base in CLASSIFIERS else \
        transformers.AutoModelForCausalLM
    model = auto.from_pretrained(work / "bases" / case.base, attn_implementation="eager", dtype=torch.float32)
    if case.tokens != VOCABULARY:
        torch.manual_seed(11)
        model.resize_token_embeddings(case.tokens)
    return model.eval()


def move(model):
    """As if trained. A weight under two names, as PEFT ties them, moves once."""
    torch.manual_seed(5)
    moved = set()
    with torch.no_grad():
        for _, parameter in model.named_parameters():
            if parameter.requires_grad and parameter.data_ptr() not in moved:
                parameter.add_(0.2 * torch.randn_like(parameter))
                moved.add(parameter.data_ptr())


def write(case, work):
    """Saves the adapter of a case, or says why this PEFT cannot make it."""
    folder = work / "adapters" / case.name
    settings = {key: value for key, value in case.settings.items() if value is not None or key == "task_type"}
    missing = [key for key, value in case.settings.items()
               if key not in LoraConfig.__dataclass_fields__ or (value is None and key != "task_type")]
    if missing:
        return f"PEFT {peft.__version__} has no {missing[0]}"
    try:
        model = get_peft_model(open_base(case, work), LoraConfig(**settings))
    except ValueError as e:  # of a start that an older PEFT does not know
        return f"PEFT {peft.__version__}: {e}"
    save = dict(case.save)
    if case.convert:
        model.peft_config["default"].init_lora_weights = True
        model.save_pretrained(work / "starts" / case.name)
        model.peft_config["default"].init_lora_weights = case.settings["init_lora_weights"]
        save["path_initial_model_for_weight_conversion"] = str(work / "starts" / case.name)
    move(model)
    if case.dtype != torch.float32:
        for name, parameter in model.named_parameters():
            parameter.data = parameter.data.to(case.dtype) if "lora_" in name else parameter.data
    model.save_pretrained(folder, **save)
    file = folder / "adapter_config.json"
    config = json.loads(file.read_text()) | case.edit
    file.write_text(json.dumps(config, indent=2))
    return ""


def rows(model):
    with torch.no_grad():
        logits = [model(input_ids=torch.tensor([ids])).logits[0] for ids in TEXTS]
    return [row if row.dim() == 1 else row[-1] for row in logits]


def computed(case, work, folder):
    """What PEFT computes with a saved adapter: logits, loss, and the norms of gradients by the names in its file."""
    model = PeftModel.from_pretrained(open_base(case, work), folder, is_trainable=True).eval()
    found = {"logits": rows(model)}
    if case.base not in CLASSIFIERS:
        losses = [torch.nn.functional.cross_entropy(
            model(input_ids=torch.tensor([ids])).logits[0, :-1], torch.tensor(ids[1:]), reduction="sum") for ids in TEXTS]
        loss = sum(losses) / sum(len(ids) - 1 for ids in TEXTS)
        loss.backward()
        found["loss"] = loss.item()
        found["gradients"] = {
            re.sub(r"\.modules_to_save\.default|(?<=magnitude_vector)\.default\.weight|\.default", "", name):
            parameter.grad.norm().item()
            for name, parameter in model.named_parameters() if parameter.requires_grad and parameter.grad is not None}
    return found


def java(*rest):
    path = os.pathsep.join([str(BENCH / "target" / "classes"), (BENCH / "target" / "classpath").read_text().strip()])
    return subprocess.run(["java", "-Xmx1g", "-cp", path, *map(str, rest)], check=True)


def worst(ours, theirs):
    return max((torch.tensor(a) - b).abs().max().item() for a, b in zip(ours, theirs, strict=True))


def compare(case, ours, work, tolerance):
    """What is wrong, and what was found."""
    if case.refused or "refused" in ours:
        reason = ours.get("refused", "")
        fits = case.refused and case.refused in reason
        return ([] if fits else [f"refused: {reason or 'no'}"]), f"refused: {reason}"
    theirs = computed(case, work, work / "adapters" / case.name)
    wrong = []
    differences = {"logits": worst(ours["logits"], theirs["logits"])}
    for step, expected in (("merged", case.not_merged), ("trained", case.not_trained)):
        reason = ours.get("not_" + step, "")
        if expected not in reason or bool(expected) != bool(reason):
            wrong.append(f"not {step}: {reason or 'no reason'}")
    if not case.not_merged and "merged" in ours:
        differences["merged"] = worst(ours["merged"], theirs["logits"])
    drops = case.settings.get("lora_dropout", 0) > 0
    if "gradients" in ours and not drops:
        differences["loss"] = abs(ours["loss"] - theirs["loss"])
        names = ours["gradients"].keys() | theirs["gradients"].keys()
        unlike = {name for name in names
                  if abs(ours["gradients"].get(name, -1) - theirs["gradients"].get(name, -1)) > tolerance}
        wrong += [f"gradient of {name}: {ours['gradients'].get(name)}, PEFT {theirs['gradients'].get(name)}"
                  for name in sorted(unlike)[:4]]
    again = computed(case, work, work / "ours" / case.name / "saved")
    differences["saved"] = max((a - b).abs().max().item() for a, b in zip(again["logits"], theirs["logits"]))
    wrong += [f"{what}: {difference:.2e}" for what, difference in differences.items() if not difference <= tolerance]
    notes = [ours[key] for key in ("not_merged", "not_trained") if key in ours]
    return wrong, ", ".join([f"{what} {difference:.1e}" for what, difference in differences.items()] + notes)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--only", default="")
    p.add_argument("--work", type=pathlib.Path, default=BENCH / "target" / "adapters-of-peft")
    p.add_argument("--tolerance", type=float, default=1e-4)
    a = p.parse_args()
    warnings.simplefilter("ignore")
    transformers.utils.logging.disable_progress_bar()
    work = a.work.resolve()
    shutil.rmtree(work, ignore_errors=True)
    wanted = [case for case in cases() if not a.only or case.name in a.only.split(",")]
    for base in sorted({case.base for case in wanted}):
        make_base(base, work / "bases" / base)
    skipped = {case.name: reason for case in wanted if (reason := write(case, work))}
    made = [case for case in wanted if case.name not in skipped]
    listed = [dict(name=case.name, base=str(work / "bases" / case.base), adapter=str(work / "adapters" / case.name),
                   labels=LABELS if case.base in CLASSIFIERS else [], texts=TEXTS, work=str(work / "ours" / case.name))
              for case in made]
    (work / "list.json").write_text(json.dumps(listed))
    java("dev.temper.bench.OpenAdapters", work / "list.json", work / "ours.json")
    results = {result["name"]: result for result in json.loads((work / "ours.json").read_text())}
    failed = []
    for case in made:
        wrong, found = compare(case, results[case.name], work, a.tolerance)
        print(f"{case.name} ({case.base}): {'; '.join(wrong) if wrong else found}", flush=True)
        failed += [case.name] if wrong else []
    for name, reason in skipped.items():
        print(f"{name}: not made, {reason}")
    print(f"{len(made)} adapters, PEFT {peft.__version__}, transformers {transformers.__version__}: "
          f"{sum(bool(case.refused) for case in made)} refused by name, {len(failed)} failed {failed or ''}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
