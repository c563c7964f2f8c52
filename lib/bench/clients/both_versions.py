#!/usr/bin/env python3
"""Folders of every family that two versions of transformers and PEFT save, in; our folders, out to both versions.

    both_versions.py PYTHON [PYTHON ...] [--only NAME,...] [--work FOLDER]

Each PYTHON has torch, transformers, peft and safetensors; run it twice, once for a 4 and once for a 5. lib/bench is built
(mvn package), or --classpath says where. Each version makes tiny random models from configs in its own form, saves them
and adapters on them, computes logits, and ten losses of a plain PyTorch loop with AdamW, whole and with the adapter. We
read the folders, compute the same, train the same, and save: the model, the adapter, the model with the adapter merged,
and the base again, which the other version may not read as its own wrote it; and an adapter from a start of ours. Each
version opens what we saved and computes logits again. Shown is the largest difference of any logit (absolute) and
of any loss (relative); a folder that lacks a tensor or holds one too many fails. Limits: 1e-4, those of golden's README.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys

BENCH = pathlib.Path(__file__).resolve().parents[1]
LIMIT = 1e-4
VOCABULARY, STEPS, BATCH, PROBED, LABELS = 67, 10, 4, 3, 3
COMMON = dict(vocab_size=VOCABULARY, bos_token_id=0, eos_token_id=1, pad_token_id=2)
LLAMA = dict(hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
             head_dim=10, max_position_embeddings=128, **COMMON)
QWEN2 = {name: value for name, value in LLAMA.items() if name != "head_dim"}
PHI3 = dict(QWEN2, hidden_size=32)
GEMMA = dict(LLAMA, query_pre_attn_scalar=7, sliding_window=5)
GPT2 = dict(n_embd=24, n_layer=2, n_head=4, n_positions=128, embd_pdrop=0, attn_pdrop=0, resid_pdrop=0, **COMMON)
GPT_NEO = dict(hidden_size=24, num_layers=2, num_heads=4, max_position_embeddings=128, window_size=7,
               attention_types=[[["global", "local"], 1]], **COMMON)
BERT = dict(hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4, hidden_dropout_prob=0,
            attention_probs_dropout_prob=0, max_position_embeddings=130, **COMMON)
DISTILBERT = dict(dim=24, hidden_dim=40, n_layers=2, n_heads=4, dropout=0, attention_dropout=0, seq_classif_dropout=0,
                  max_position_embeddings=128, **COMMON)
VISION = dict(hidden_size=16, intermediate_size=20, num_hidden_layers=1, num_attention_heads=2, image_size=28,
              patch_size=14)
LINEAR = dict(rope_type="linear", factor=4.0)
FACTORS = dict(short_factor=[1.0, 1.1, 1.2, 1.3], long_factor=[1.0, 2.0, 3.5, 5.0])
LLAMA3 = dict(rope_type="llama3", factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=16)
YARN = dict(rope_type="yarn", factor=4.0, beta_fast=4.0, original_max_position_embeddings=32)
SLIDING = dict(use_sliding_window=True, sliding_window=5, max_window_layers=1)

# Per folder the start of its classes' names, its settings, how positions turn ({} by default; None: they do not), what
# it is for, and the modules that an adapter changes.
FAMILIES = {
    "llama": ("Llama", LLAMA, {}, "causal", ["q_proj", "v_proj", "down_proj"]),
    "llama_tied": ("Llama", dict(LLAMA, tie_word_embeddings=True, attention_bias=True, mlp_bias=True), {}, "causal",
                   ["k_proj"]),
    "llama_linear": ("Llama", LLAMA, LINEAR, "causal", ["q_proj"]),
    "llama_dynamic": ("Llama", dict(LLAMA, max_position_embeddings=16), dict(rope_type="dynamic", factor=2.0), "causal",
                      ["q_proj"]),
    "llama_llama3": ("Llama", LLAMA, LLAMA3, "causal", ["q_proj"]),
    "llama_yarn": ("Llama", LLAMA, YARN, "causal", ["q_proj"]),
    "llama_longrope": ("Llama", dict(LLAMA, head_dim=8), dict(rope_type="longrope", original_max_position_embeddings=16,
                                                              factor=8.0, **FACTORS), "causal", ["q_proj"]),
    "mistral": ("Mistral", dict(LLAMA, sliding_window=7), {}, "causal", ["q_proj", "o_proj"]),
    "qwen2": ("Qwen2", dict(QWEN2, tie_word_embeddings=True), {}, "causal", ["q_proj", "v_proj"]),
    "qwen2_sliding": ("Qwen2", dict(QWEN2, **SLIDING), YARN, "causal", ["q_proj"]),
    "qwen3": ("Qwen3", dict(LLAMA, **SLIDING), {}, "causal", ["q_proj", "v_proj"]),
    "phi3": ("Phi3", dict(PHI3, partial_rotary_factor=0.5), {}, "causal", ["qkv_proj", "down_proj"]),
    "phi3_longrope": ("Phi3", dict(PHI3, original_max_position_embeddings=16), dict(type="longrope", **FACTORS),
                      "causal", ["qkv_proj"]),
    "gpt2": ("GPT2", GPT2, None, "causal", ["c_attn"]),
    "gpt_neo": ("GPTNeo", GPT_NEO, None, "causal", ["q_proj", "v_proj"]),
    "gemma2": ("Gemma2", GEMMA, {}, "causal", ["q_proj", "v_proj"]),
    "gemma3_text": ("Gemma3Text", dict(GEMMA, layer_types=["sliding_attention", "full_attention"]), LINEAR, "causal",
                    ["q_proj", "v_proj"]),
    "gemma3": ("Gemma3", dict(GEMMA, layer_types=["sliding_attention", "full_attention"]), LINEAR, "causal",
               r".*language_model.*\.(q_proj|v_proj)"),
    "mistral3": ("Mistral3", dict(LLAMA, sliding_window=None), {}, "causal", r".*language_model.*\.(q_proj|v_proj)"),
    "bert": ("Bert", BERT, None, "classify", ["query", "value"]),
    "distilbert": ("DistilBert", DISTILBERT, None, "classify", ["q_lin", "v_lin"]),
    "roberta": ("Roberta", BERT, None, "classify", ["query", "value"]),
    "llama_classifier": ("Llama", LLAMA, {}, "classify", ["q_proj", "v_proj"]),
    "mistral_classifier": ("Mistral", dict(LLAMA, sliding_window=7), {}, "classify", ["q_proj", "v_proj"]),
    "qwen2_classifier": ("Qwen2", QWEN2, {}, "classify", ["q_proj", "v_proj"]),
    "qwen3_classifier": ("Qwen3", LLAMA, {}, "classify", ["q_proj", "v_proj"]),
    "phi3_classifier": ("Phi3", PHI3, {}, "classify", ["qkv_proj"]),
    "gpt2_classifier": ("GPT2", GPT2, None, "classify", ["c_attn"]),
    "gpt_neo_classifier": ("GPTNeo", GPT_NEO, None, "classify", ["q_proj", "v_proj"]),
}
WHOLE = {"gemma3": "Gemma3TextConfig", "mistral3": "MistralConfig"}  # models with a language model inside


# --- what runs in the Python of a version -----------------------------------------------------------------------------

def with_positions(name, settings, scaling, version):
    """The settings in the form of the version: two fields of transformers 4 are one of transformers 5."""
    if scaling is None:
        return settings
    near = {"rope_local_base_freq": 50.0} if name.startswith("gemma3") else {}
    if version < 5:
        scaling = dict(scaling)
        if scaling.get("rope_type") == "longrope":  # transformers 4 looks for it beside
            settings = dict(settings, original_max_position_embeddings=scaling.pop("original_max_position_embeddings"))
        return dict(settings, rope_theta=500.0, **near, **({"rope_scaling": scaling} if scaling else {}))
    far = dict({} if "type" in scaling else {"rope_type": "default"}, rope_theta=500.0)
    far.update(scaling)
    if near:
        far = dict(full_attention=far, sliding_attention=dict(rope_type="default", rope_theta=50.0))
    return dict(settings, rope_parameters=far)


def make_model(name, version):
    import torch
    import transformers
    kind, settings, scaling, task, _ = FAMILIES[name]
    settings = with_positions(name, settings, scaling, version)
    if name in WHOLE:
        text = getattr(transformers, WHOLE[name])(**settings).to_dict()
        vision = dict(VISION, **({} if name == "gemma3" else {"model_type": "pixtral", "head_dim": 8}))
        more = dict(mm_tokens_per_image=4, **{key: COMMON[key] for key in COMMON if key != "vocab_size"})
        config = getattr(transformers, kind + "Config")(
            text_config=text, vision_config=vision, image_token_index=66, **(more if name == "gemma3" else {}))
        make = getattr(transformers, kind + "ForConditionalGeneration")
    else:
        labels = {} if task == "causal" else {"num_labels": LABELS}
        config = getattr(transformers, kind + "Config")(**settings, **labels)
        auto = transformers.AutoModelForCausalLM if task == "causal" else transformers.AutoModelForSequenceClassification
        make = auto.from_config
    config._attn_implementation = "eager"  # others leave out Gemma 2's cap in transformers 4
    torch.manual_seed(7)
    model = make(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.15 * torch.randn_like(parameter))
    return model.eval()


def rows_of(task):
    """Token ids without the padding token, longer and shorter than windows and original positions."""
    import random
    source = random.Random(11)
    rows = []
    for i in range(STEPS * BATCH):
        ids = [source.randrange(3, 60) for _ in range(source.randrange(3, 30))]
        labels = [token if at and source.random() < 0.7 else -100 for at, token in enumerate(ids)]
        labels[-1] = ids[-1]
        rows.append(dict(input_ids=ids, **(dict(labels=labels) if task == "causal" else dict(label=i % LABELS))))
    return rows


def forward(model, row):
    """Logits of one row; frequencies that follow the longest text so far begin anew."""
    import torch
    for module in model.modules():
        if "dynamic" in str(getattr(module, "rope_type", "")):
            module.register_buffer("inv_freq", module.original_inv_freq.clone(), persistent=False)
            module.max_seq_len_cached = module.original_max_seq_len
    cache = {} if model.config.model_type in ("bert", "distilbert", "roberta") else {"use_cache": False}
    return model(input_ids=torch.tensor([row["input_ids"]]), **cache).logits[0]


def probe(model, rows):
    import torch
    with torch.no_grad():
        return [forward(model, row).flatten().tolist() for row in rows[:PROBED]]


def train(model, rows):
    import torch
    from torch.nn.functional import cross_entropy
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-3, weight_decay=0.0)
    losses = []
    for step in range(STEPS):
        total, count = 0, 0
        for row in rows[step * BATCH:(step + 1) * BATCH]:
            logits = forward(model, row)
            if "label" in row:
                total, count = total + cross_entropy(logits[None], torch.tensor([row["label"]])), count + 1
            else:
                targets = torch.tensor(row["labels"][1:])
                total = total + cross_entropy(logits[:-1], targets, reduction="sum")
                count += int((targets != -100).sum())
        loss = total / count
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return losses


def write_case(folder, base, rows, reference, adapter=""):
    folder.mkdir(parents=True)
    task = "causal_lm" if "labels" in rows[0] else "sequence_classification"
    names = "" if task == "causal_lm" else f", labels: [{', '.join(f'LABEL_{i}' for i in range(LABELS))}]"
    kind = "text" if task == "causal_lm" else "classification"
    lines = [f"name: {folder.name}", f"model: {{base: {base}, task: {task}{names}}}"]
    lines += [f"adapter: {{{adapter}}}"] if adapter else []
    lines += [f"data: {{train: {folder / 'rows.jsonl'}, format: {kind}}}",
              f"training: {{max_steps: {STEPS}, batch_size: {BATCH}, learning_rate: 1.0e-3, weight_decay: 0.0, "
              "lr_scheduler_type: constant, shuffle: false, eval_strategy: \"no\", save_strategy: \"no\"}",
              f"output: {folder / 'out'}"]
    (folder / "recipe.yaml").write_text("\n".join(lines) + "\n")
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "theirs.json").write_text(json.dumps(reference))


def make(work, names):
    import peft
    import torch
    import transformers
    transformers.logging.set_verbosity_error()
    version = transformers.__version__
    for name in names:
        kind, _, _, task, targets = FAMILIES[name]
        folder = work / version / name
        rows = rows_of(task)
        model = make_model(name, int(version.split(".")[0]))
        model.save_pretrained(folder / "base")
        base_logits = probe(model, rows)
        state = {key: value.clone() for key, value in model.state_dict().items()}
        write_case(folder / "full", folder / "base", rows, dict(before=base_logits, losses=train(model, rows)))
        model.load_state_dict(state)
        config = peft.LoraConfig(r=4, lora_alpha=8, target_modules=targets, init_lora_weights=False,
                                 task_type="CAUSAL_LM" if task == "causal" else "SEQ_CLS")
        torch.manual_seed(8)
        adapted = peft.get_peft_model(model, config).eval()
        adapted.save_pretrained(folder / "adapter_init")
        before = probe(adapted, rows)
        write_case(folder / "lora", folder / "base", rows, dict(before=before, losses=train(adapted, rows)),
                   f"init_from: {folder / 'adapter_init'}")
        names = ["q_proj", "v_proj"] if name in WHOLE else targets
        write_case(folder / "fresh", folder / "base", rows, dict(before=base_logits, losses=[]),
                   f"r: 3, lora_alpha: 6, target_modules: [{', '.join(names)}]")
    print(version)


def open_model(folder, name):
    """The model in a folder, and what is missing there or too many."""
    import transformers
    whole = name in WHOLE and json.loads((folder / "config.json").read_text())["model_type"] == name
    auto = transformers.AutoModelForSequenceClassification if FAMILIES[name][3] == "classify" else \
        transformers.AutoModelForImageTextToText if whole else transformers.AutoModelForCausalLM
    model, info = auto.from_pretrained(folder, output_loading_info=True, attn_implementation="eager")
    wrong = sorted(info["missing_keys"]) + sorted(info["unexpected_keys"]) + sorted(map(str, info["mismatched_keys"]))
    return model.float().eval(), [f"{folder}: {key}" for key in wrong]


def open_cases(work):
    """Opens what we saved, and prints a line for each folder: which, the largest difference, what is wrong."""
    import warnings
    import peft
    import transformers
    transformers.logging.set_verbosity_error()
    major = int(transformers.__version__.split(".")[0])
    for case in sorted(path.parent for path in work.glob("*/*/*/ours.json")):
        ours = json.loads((case / "ours.json").read_text())
        rows = [json.loads(line) for line in (case / "rows.jsonl").read_text().splitlines()]
        name = case.parent.name
        for kind in ("adapter", "model") if "after" in ours else ():
            folder = case / "out" / kind
            base = case.parent / "base" if name in WHOLE else case / "out" / "base"
            unreadable = name in WHOLE and major < int(case.parts[-3].split(".")[0])  # 4 cannot read what 5 saved
            if not folder.is_dir() or (kind == "adapter" and unreadable):
                continue
            try:
                with warnings.catch_warnings(record=True) as said:
                    warnings.simplefilter("always")
                    model, wrong = open_model(folder if kind == "model" else base, name)
                    if kind == "adapter":
                        model = peft.PeftModel.from_pretrained(model, folder).eval()
                wrong += [str(warning.message) for warning in said if "adapter keys" in str(warning.message)]
                difference = worst(probe(model, rows), ours["after"])
            except Exception as failure:  # any failure to open is a finding
                wrong, difference = [f"{folder}: {type(failure).__name__}: {failure}"], float("inf")
            print(json.dumps(dict(case=str(case.relative_to(work)), kind=kind, difference=difference, wrong=wrong)))


# --- the driver ---------------------------------------------------------------------------------------------------------

def worst(ours, theirs, relative=False):
    """Largest difference of two nested lists of numbers."""
    if isinstance(theirs, list):
        if len(ours) != len(theirs):
            return float("inf")
        return max((worst(mine, other, relative) for mine, other in zip(ours, theirs)), default=0.0)
    return abs(ours - theirs) / (abs(theirs) if relative else 1)


def call(command):
    environment = dict(os.environ, HF_HUB_OFFLINE="1", OMP_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false")
    done = subprocess.run([str(part) for part in command], env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))[:400]} failed:\n{done.stderr[-4000:]}")
    return done.stdout.strip().splitlines()


def classpath():
    return os.pathsep.join([str(BENCH / "target" / "classes"), (BENCH / "target" / "classpath").read_text().strip()])


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("pythons", nargs="*", metavar="PYTHON")
    p.add_argument("--only", default=",".join(FAMILIES))
    p.add_argument("--work", type=pathlib.Path, default=BENCH / "target" / "both-versions")
    p.add_argument("--classpath", help="of the built bench; default: what mvn package left in target")
    p.add_argument("--make", action="store_true", help=argparse.SUPPRESS)
    p.add_argument("--open", action="store_true", help=argparse.SUPPRESS)
    a = p.parse_args()
    work = a.work.resolve()
    if a.make:
        return make(work, a.only.split(","))
    if a.open:
        return open_cases(work)
    shutil.rmtree(work, ignore_errors=True)
    versions = {call([python, __file__, "--make", "--work", work, "--only", a.only])[-1]: python for python in a.pythons}
    cases = sorted(path.parent for path in work.glob("*/*/*/recipe.yaml"))
    call(["java", "-Xmx1g", "-cp", a.classpath or classpath(), "dev.temper.bench.TrainFolders", *cases])
    opened = {version: [json.loads(line) for line in call([python, __file__, "--open", "--work", work]) if line[:1] == "{"]
              for version, python in versions.items()}
    report(work, cases, opened)


def report(work, cases, opened):
    failed = []
    print("| folder of | family | trained | logits in | ten losses | "
          + " | ".join(f"{kind} out to {version}" for version in opened for kind in ("adapter", "model")) + " |")
    print("|---" * (5 + 2 * len(opened)) + "|")
    for case in cases:
        name = str(case.relative_to(work))
        ours, theirs = (json.loads((case / file).read_text()) for file in ("ours.json", "theirs.json"))
        if "refused" in ours:
            failed.append(f"{name}: refused: {ours['refused']}")
            continue
        is_fresh = not theirs["losses"]  # a random start has no losses to compare with
        found = [worst(ours["before"], theirs["before"]),
                 None if is_fresh else worst(ours["losses"], theirs["losses"], relative=True)]
        for lines in opened.values():
            for kind in ("adapter", "model"):
                line = next((line for line in lines if line["case"] == name and line["kind"] == kind), None)
                found.append(line and line["difference"])
                failed += [f"{name}: {kind}: {text}" for text in (line["wrong"] if line else [])]
        whole = case.parts[-2] in WHOLE and not case.parts[-3].startswith("4")
        skipped = {1} if is_fresh else set()
        for at, version in enumerate(opened):  # a full run writes no adapter
            if name.endswith("full") or (whole and version.startswith("4")):
                skipped.add(2 + 2 * at)
        wrong = [value for at, value in enumerate(found) if at not in skipped and (value is None or not value <= LIMIT)]
        failed += [f"{name}: {found}"] if wrong else []
        print("| " + " | ".join([*case.relative_to(work).parts, *("" if value is None else f"{value:.1e}"
                                                                   for value in found)]) + " |", flush=True)
    print(f"\n{len(cases)} folders trained, {len(failed)} failures" + "".join(f"\n  {line}" for line in failed))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
