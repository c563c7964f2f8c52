#!/usr/bin/env python3
"""Adds tokens with `temper run`, opens what it wrote with transformers and PEFT, and trains the same beside it.

    new_tokens.py [--only NAME,...] [--work FOLDER]

Run it with a Python that has transformers, PEFT and pyarrow; lib/bench is built (mvn package). For each family and way
of training, a base with random weights is made, `temper run` adds two tokens and takes ten updates in the order of the
data, and three things are compared:

1. Tokens: the ids of texts by our tokenizer files, by `tokenizer.add_tokens` on the base's.
2. Losses: the ten of the run against a plain loop over `resize_token_embeddings(mean_resizing=True)` and PEFT with the
   same start: the mean of the old rows, without the noise that transformers adds. None differs by more than 1e-4 of it.
3. Logits: of the folder that was written, opened on the base after the usual resize, and of the model that `temper
   merge` makes of it. None differs by more than 1e-4 from ours; those of the loop's model by 2e-2 at most, as ten steps
   of Adam amplify rounding where gradients vanish.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys

import peft
import pyarrow.parquet
import safetensors
import torch
import transformers

BENCH = pathlib.Path(__file__).resolve().parents[1]
ROOT = BENCH.parents[1]
BASE = ROOT / "conf" / "quickstart" / "base"
ADDED = ["<iso>", "<us>"]
TEXTS = [f"Date: {day} {month} {1990 + day} ->{ADDED[day % 2]} {1990 + day}-{day}<us>"
         for day, month in enumerate(["May", "June", "July", "March", "April"] * 4, 3)]
PROMPTS = ["Date: 3 May 1993 -><us>", "<iso> 1991-4", "no<us><iso> new ->"]
STEPS, BATCH, RATE = 10, 2, "1.0e-2"
SMALL = dict(hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
             max_position_embeddings=128, bos_token_id=0, eos_token_id=1)
FAMILIES = {
    "llama": transformers.LlamaConfig(vocab_size=512, **SMALL),
    "llama_with_room": transformers.LlamaConfig(vocab_size=520, **SMALL),
    "llama_tied": transformers.LlamaConfig(vocab_size=512, tie_word_embeddings=True, **SMALL),
    "gpt2": transformers.GPT2Config(vocab_size=512, n_embd=24, n_layer=2, n_head=4, n_positions=128, bos_token_id=0,
                                    eos_token_id=1, embd_pdrop=0.0, attn_pdrop=0.0, resid_pdrop=0.0),
    "gemma3": transformers.Gemma3TextConfig(vocab_size=512, **dict(
        SMALL, head_dim=10, query_pre_attn_scalar=7, sliding_window=5)),
}
# Ways to train: what the recipe's adapter says, and what PEFT's config says of the new ids and the model.
WAYS = {
    "whole": None,
    "rows": ("trainable_token_indices: added", lambda ids, model: dict(trainable_token_indices=(
        ids if model.config.tie_word_embeddings else {embedding_name(model): ids, "lm_head": ids}))),
    "rows of the embedding": ("trainable_token_indices: ['<iso>', 7]", lambda ids, model: dict(
        trainable_token_indices=[ids[0], 7])),
    "tables": ("modules_to_save: [embed_tokens, lm_head]", lambda ids, model: dict(
        modules_to_save=["embed_tokens", "lm_head"])),
    "nothing of them": ("r: 4", lambda ids, model: {}),
}


def targets(name):
    return ["c_attn"] if name == "gpt2" else ["q_proj", "v_proj"]


def embedding_name(model):
    return next(name for name, module in model.named_modules() if module is model.get_input_embeddings()).split(".")[-1]


def java(*rest):
    path = os.pathsep.join([str(BENCH / "target" / "classes"), (BENCH / "target" / "classpath").read_text().strip()])
    return ["java", "-Xmx512m", "-cp", path, *map(str, rest)]


def call(command, log):
    with open(log, "a", encoding="utf-8") as out:
        done = subprocess.run([str(part) for part in command], cwd=ROOT, stdout=out, stderr=out)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed, see {log}")


def make_base(config, folder):
    torch.manual_seed(7)
    model = transformers.AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    model.save_pretrained(folder)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(BASE / file, folder / file)


def resized(folder, tokenizer):
    """The base with rows for all tokens, the new ones at the mean of the old."""
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    old = model.config.vocab_size
    if len(tokenizer) > old:
        model.resize_token_embeddings(len(tokenizer), mean_resizing=True)
        with torch.no_grad():
            for table in (model.get_input_embeddings(), model.get_output_embeddings()):
                noise = (table.weight[old:] - table.weight[:old].mean(0)).abs().max().item()
                assert noise < 1e-3, f"not near the mean: {noise}"
                if table is model.get_input_embeddings() or not model.config.tie_word_embeddings:
                    table.weight[old:] = table.weight[:old].mean(0)
    return model


def theirs(base, name, way, output):
    """Ten losses of a plain loop, and the model."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(base)
    tokenizer.add_tokens(ADDED)
    model = resized(base, tokenizer)
    ids = tokenizer.convert_tokens_to_ids(ADDED)
    if WAYS[way] is not None:
        config = peft.LoraConfig(task_type="CAUSAL_LM", r=4, lora_alpha=8, target_modules=targets(name),
                                 **WAYS[way][1](ids, model))
        model = peft.get_peft_model(model, config)
        start_like_ours(model, output / "start")
    model.train()
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=float(RATE), weight_decay=0.0)
    losses = []
    for step in range(STEPS):
        texts = TEXTS[step * BATCH:(step + 1) * BATCH]
        total, count = 0.0, 0
        for text in texts:
            row = torch.tensor([[*tokenizer(text)["input_ids"], tokenizer.eos_token_id]])
            logits = model(input_ids=row).logits[0, :-1].float()
            total = total + torch.nn.functional.cross_entropy(logits, row[0, 1:], reduction="sum")
            count += row.shape[1] - 1
        loss = total / count
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], 1.0)
        optimizer.step()
    return losses, model.eval(), tokenizer


def start_like_ours(model, adapter):
    """A and B as ours start, which a run that learns nothing has written."""
    with safetensors.safe_open(adapter / "adapter_model.safetensors", framework="pt") as file:
        saved = {key: file.get_tensor(key) for key in file.keys() if ".lora_" in key}
    own = {key.replace(".default", ""): value for key, value in model.named_parameters() if ".lora_" in key}
    assert own.keys() == saved.keys(), (own.keys() ^ saved.keys())
    with torch.no_grad():
        for key, value in own.items():
            value.copy_(saved[key])


def run(base, way, work, name, rate, output):
    recipe = work / "recipe.yaml"
    adapter = "" if WAYS[way] is None else (
        f"adapter: {{lora_alpha: 8, target_modules: {targets(name)}, {WAYS[way][0]}"
        + ("" if "r: 4" in WAYS[way][0] else ", r: 4") + "}\n")
    recipe.write_text(
        f"model: {{base: {base}, add_tokens: {json.dumps(ADDED)}, precision: fp32}}\n{adapter}"
        f"data: {{train: {work / 'texts.jsonl'}, format: text, max_length: 64}}\n"
        f"training: {{max_steps: {STEPS}, batch_size: {BATCH}, learning_rate: {rate}, lr_scheduler_type: constant,"
        f" shuffle: false, logging_steps: 1, eval_strategy: 'no', save_strategy: 'no'}}\noutput: {output}\n")
    call([ROOT / "deploy" / "temper", "run", recipe], work / "log.txt")


def our_losses(output):
    table = pyarrow.parquet.read_table(output / "metrics").to_pylist()
    return [row["value"] for row in sorted(table, key=lambda row: row["step"]) if row["name"] == "train/loss"]


def logits(model, tokenizer):
    with torch.no_grad():
        rows = [torch.tensor([tokenizer(prompt)["input_ids"]]) for prompt in PROMPTS]
        return [model(input_ids=row).logits[0, -1].float() for row in rows]


def check(work, name, way):
    """Lines of what differs, and the largest differences of losses and logits."""
    base, wrong = work.parent / "base", []
    (work / "texts.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in TEXTS), encoding="utf-8")
    whole = WAYS[way] is None
    if not whole:
        run(base, way, work, name, "1.0e-30", work / "start")
        shutil.move(work / "start" / "adapter", work / "first")
        shutil.rmtree(work / "start")
        shutil.move(work / "first", work / "start")
    run(base, way, work, name, RATE, work / "out")
    folder = work / "out" / ("model" if whole else "adapter")
    losses, loop, reference = theirs(base, name, way, work)
    ours = our_losses(work / "out")
    worst = max(abs(a - b) / b for a, b in zip(ours, losses, strict=True))
    if not worst <= 1e-4:
        wrong.append(f"losses differ by {worst:.1e}: {ours} {losses}")

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    for text in TEXTS + PROMPTS:
        if tokenizer(text)["input_ids"] != reference(text)["input_ids"]:
            wrong.append(f"other tokens: {text!r}")
    if whole:
        opened = {"model": transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)}
    else:
        transformers.set_seed(1)  # of the noise of the new rows, which the adapter must not leave as they are
        plain = transformers.AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
        if len(tokenizer) > plain.config.vocab_size:
            plain.resize_token_embeddings(len(tokenizer))
        opened = {"adapter": peft.PeftModel.from_pretrained(plain, folder)}
        call([ROOT / "deploy" / "temper", "merge", base, "--adapter", folder, "--output", work / "merged"],
             work / "log.txt")
        opened["merged"] = transformers.AutoModelForCausalLM.from_pretrained(work / "merged", dtype=torch.float32)
        if len(transformers.AutoTokenizer.from_pretrained(work / "merged")) != len(tokenizer):
            wrong.append("the merged model's tokenizer has other tokens")
    over = [] if whole else ["--adapter", folder]
    call(java("dev.temper.bench.WriteLogits", base if not whole else folder, *over, "--out", work / "logits.json",
              "--prompt", *PROMPTS), work / "log.txt")
    rows = json.loads((work / "logits.json").read_text(encoding="utf-8"))
    for row, prompt in zip(rows, PROMPTS, strict=True):
        if row["input_ids"] != reference(prompt)["input_ids"]:
            wrong.append(f"we read other tokens: {prompt!r} {row['input_ids']}")
    expected = [torch.tensor(row["logits"][-1]) for row in rows]
    worst_logit = 0.0
    for what, model in {**opened, "loop": loop}.items():
        pairs = zip(logits(model.eval(), reference), expected, strict=True)
        difference = max((a - b).abs().max().item() for a, b in pairs)
        worst_logit = max(worst_logit, difference if what != "loop" else 0.0)
        if not difference <= (1e-4 if what != "loop" else 2e-2):
            wrong.append(f"logits of {what} differ by {difference:.1e}")
    return wrong, worst, worst_logit


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--only", default=",".join(FAMILIES))
    p.add_argument("--work", type=pathlib.Path, default=BENCH / "target" / "new-tokens")
    a = p.parse_args()
    shutil.rmtree(a.work, ignore_errors=True)
    failed = 0
    print(f"transformers {transformers.__version__}, PEFT {peft.__version__}")
    for name in a.only.split(","):
        make_base(FAMILIES[name], a.work.resolve() / name / "base")
        for way in WAYS:
            tied = FAMILIES[name].tie_word_embeddings
            if way == "tables" and (tied or name == "gpt2"):
                continue  # a recipe refuses it for tied weights
            work = a.work.resolve() / name / way.replace(" ", "-")
            work.mkdir(parents=True)
            try:
                wrong, loss, logit = check(work, name, way)
            except Exception as e:
                wrong, loss, logit = [f"{type(e).__name__}: {e}"], float("nan"), float("nan")
            failed += bool(wrong)
            print(f"{name}, {way}: losses {loss:.1e}, logits {logit:.1e}" + "".join(f"\n  {line}" for line in wrong),
                  flush=True)
    print(f"{failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
