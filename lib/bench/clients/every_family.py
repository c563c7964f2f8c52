#!/usr/bin/env python3
"""Trains a tiny model of every family and head with `temper run`, and opens what it wrote with transformers and PEFT.

    every_family.py [--only NAME,...] [--work FOLDER]

Run it with a Python that has what open_run.sh installs; lib/bench is built (mvn package). Each family gets a base with
random weights, made and saved by transformers, and the quickstart's tokenizer. It is trained for two updates whole and
with an adapter, to predict the next token and to classify, as far as it can do so. What a run writes must then pass
open_run.py: the files that users expect and no others, the tensors that the library would write, and its logits.
"""
import argparse
import csv
import os
import pathlib
import shutil
import subprocess
import sys

import torch
import transformers

BENCH = pathlib.Path(__file__).resolve().parents[1]
ROOT = BENCH.parents[1]
QUICKSTART = ROOT / "conf" / "quickstart"
PROMPTS = ["Date: the 1st of August 1957 ->", "Date: Wednesday, March 22, 2023 ->", "a"]
LABELS = ["old", "new", "other"]
COMMON = dict(bos_token_id=0, eos_token_id=1, pad_token_id=2)
LLAMA = dict(hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
             max_position_embeddings=128, **COMMON)
GEMMA = dict(LLAMA, head_dim=10, query_pre_attn_scalar=7, sliding_window=5)
BERT = dict(hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4,
            max_position_embeddings=130, **COMMON)
# Per family its configuration class, its settings, and what it is trained for.
FAMILIES = {
    "llama": (transformers.LlamaConfig, LLAMA, "causal classify"),
    "mistral": (transformers.MistralConfig, dict(LLAMA, sliding_window=7), "causal classify"),
    "qwen2": (transformers.Qwen2Config, dict(LLAMA, tie_word_embeddings=True), "causal classify"),
    "qwen3": (transformers.Qwen3Config, dict(LLAMA, head_dim=10), "causal classify"),
    "phi3": (transformers.Phi3Config, dict(LLAMA, num_key_value_heads=4), "causal classify"),
    "gpt2": (transformers.GPT2Config, dict(n_embd=24, n_layer=2, n_head=4, n_positions=128, **COMMON),
             "causal classify"),
    "gpt_neo": (transformers.GPTNeoConfig, dict(
        hidden_size=24, num_layers=2, num_heads=4, max_position_embeddings=128, window_size=7,
        attention_types=[[["global", "local"], 1]], **COMMON), "causal classify"),
    "gemma2": (transformers.Gemma2Config, GEMMA, "causal"),
    "gemma3_text": (transformers.Gemma3TextConfig, GEMMA, "causal"),
    "bert": (transformers.BertConfig, BERT, "classify"),
    "distilbert": (transformers.DistilBertConfig, dict(
        dim=24, hidden_dim=40, n_layers=2, n_heads=4, max_position_embeddings=128, **COMMON), "classify"),
    "roberta": (transformers.RobertaConfig, BERT, "classify"),
}


def make_base(name, folder, vocabulary):
    kind, settings, tasks = FAMILIES[name]
    config = kind(vocab_size=vocabulary, **settings)
    torch.manual_seed(7)
    auto = transformers.AutoModelForCausalLM if "causal" in tasks else transformers.AutoModel
    model = auto.from_config(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    model.save_pretrained(folder)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(QUICKSTART / "base" / file, folder / file)


def make_data(work):
    """Rows of the quickstart with a class."""
    with open(QUICKSTART / "train.csv", encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source))[:64]
    with open(work / "classes.csv", "w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(["text", "label"])
        writer.writerows([row["prompt"], LABELS[len(row["prompt"]) % len(LABELS)]] for row in rows)


def settings(work, base, output, task, adapter):
    common = [f"model.base={base}", f"output={output}", "training.max_steps=2", "training.learning_rate=1e-2",
              "training.batch_size=8"]
    if adapter:
        common += ["adapter={r: 4, target_modules: all-linear}"] if "distilbert" not in str(base) else [
            "adapter={r: 4, target_modules: [q_lin, v_lin]}"]
    if task == "classify":
        return common + ["model.task=sequence_classification", f"model.labels=[{', '.join(LABELS)}]",
                         f"data={{train: {work / 'classes.csv'}, format: classification, max_length: 64}}"]
    return common + [f"data={{train: {QUICKSTART / 'train.csv'}, max_train_rows: 64, max_length: 64}}"]


def java(*rest):
    path = os.pathsep.join([str(BENCH / "target" / "classes"), (BENCH / "target" / "classpath").read_text().strip()])
    return ["java", "-Xmx512m", "-cp", path, *map(str, rest)]


def call(command, log):
    with open(log, "a", encoding="utf-8") as out:
        return subprocess.run([str(part) for part in command], cwd=ROOT, stdout=out, stderr=out).returncode == 0


def check(work, name, task, adapter):
    """Whether a run of this kind is opened by its library."""
    base = work / name / "base"
    output = work / name / f"{task}-{'adapter' if adapter else 'full'}"
    log, recipe, logits = output.with_suffix(".log"), output.with_suffix(".yaml"), output.with_suffix(".json")
    recipe.write_text(f"name: {output.name}\n")
    run = [ROOT / "deploy" / "temper", "run", recipe, *settings(work, base, output, task, adapter)]
    over = ["--adapter", output / "adapter"] if adapter else []
    if adapter and task == "classify":
        over += ["--labels", ",".join(LABELS)]
    write = java("dev.temper.bench.WriteLogits", base if adapter else output / "model", *over, "--out", logits,
                 "--prompt", *PROMPTS)
    client = [sys.executable, BENCH / "clients" / "open_run.py", output, "--logits", logits]
    return call(run, log) and call(write, log) and call(client + (["--base", base] if adapter else []), log)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--only", default=",".join(FAMILIES))
    p.add_argument("--work", type=pathlib.Path, default=BENCH / "target" / "every-family")
    a = p.parse_args()
    work = a.work.resolve()
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    make_data(work)
    vocabulary = len(transformers.PreTrainedTokenizerFast(tokenizer_file=str(QUICKSTART / "base" / "tokenizer.json")))
    failed = []
    for name in a.only.split(","):
        make_base(name, work / name / "base", vocabulary)
        for task in FAMILIES[name][2].split():
            for adapter in (False, True):
                what = f"{name}, {task}, {'adapter' if adapter else 'full'}"
                done = check(work, name, task, adapter)
                log = work / name / f"{task}-{'adapter' if adapter else 'full'}.log"
                print(f"{what}: {log.read_text().strip().splitlines()[-1] if done else 'FAILED, see ' + str(log)}",
                      flush=True)
                failed += [] if done else [what]
    print(f"{len(failed)} failed" + "".join(f"\n  {what}" for what in failed))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
