#!/usr/bin/env python3
"""Planned against measured memory: full, LoRA and QLoRA fine-tuning of each model folder by deploy/temper.

    compare_memory.py --data yoda_sentences.csv --out FOLDER [--updates N] [--only KIND] [key=value ...] MODEL [MODEL ...]

A MODEL is a folder in Hugging Face's layout, with weights and a tokenizer. Prints a table in Markdown; exits with 1 when
a plan is off by more than a tenth.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
QLORA = ["model.quantization={type: nf4, double_quant: true}"]
KINDS = {
    "full": ["adapter=", "model.quantization=", "training.learning_rate=2e-5", "training.optim=adamw"],
    "lora": ["model.quantization=", "adapter.target_modules=all-linear", "training.optim=adamw"],
    "qlora": QLORA + ["adapter.target_modules=all-linear"],
}


def run(model, kind, args):
    out = args.out / f"{model.name}-{kind}"
    shutil.rmtree(out, ignore_errors=True)
    command = [
        str(ROOT / "deploy" / "temper"), "run", str(ROOT / "conf" / "yoda-phi3.yaml"),
        f"model.base={model}", f"data.train={args.data}", f"output={out}",
        f"training.max_steps={args.updates}", "training.save_strategy=no", "generation.prompts=[]",
        *KINDS[kind], *[setting for setting in args.rest if "=" in setting],
    ]
    with open(args.out / f"{model.name}-{kind}.log", "w") as log:
        subprocess.run(command, check=True, stdout=log, stderr=subprocess.STDOUT, env=os.environ)
    return json.loads((out / "manifest.json").read_text())["memory"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="the CSV file of conf/yoda-phi3.yaml")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder for outputs and logs")
    parser.add_argument("--updates", type=int, default=3)
    parser.add_argument("--only", choices=sorted(KINDS), help="one kind of run alone")
    parser.add_argument("rest", nargs="+", metavar="MODEL", help="model folders, and settings as key=value")
    args = parser.parse_intermixed_args()
    args.out.mkdir(parents=True, exist_ok=True)
    models = [pathlib.Path(name).resolve() for name in args.rest if "=" not in name]
    print("| model | run | planned MiB | measured MiB | plan / measured | mapped MiB |")
    print("|---|---|---|---|---|---|")
    worst = 0.0
    for model in models:
        for kind in [args.only] if args.only else KINDS:
            memory = run(model, kind, args)
            planned, held, mapped = (
                memory[name] / 2**20 for name in ("planned_bytes", "peak_anonymous_bytes", "peak_mapped_bytes"))
            worst = max(worst, abs(planned / held - 1))
            print(f"| {model.name} | {kind} | {planned:,.0f} | {held:,.0f} | {planned / held:.2f} | {mapped:,.0f} |",
                  flush=True)
    sys.exit(1 if worst > 0.1 else 0)


if __name__ == "__main__":
    main()
