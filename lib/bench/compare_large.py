#!/usr/bin/env python3
"""Full fine-tuning, LoRA and QLoRA of Qwen2.5-0.5B's shape beside Trainer, PEFT and bitsandbytes; writes a Markdown table.

    lib/bench/compare_large.py --peers ../shared/bench --fixtures ../shared/fixtures --python VENV/bin/python --out FILE.md
                               [--jobs METHOD-PRECISION,...] [--rounds 1] [--steps 5] [--work FOLDER]

Random weights in bfloat16; Yoda's sentences, 16 an update, the completion learned; the peer pads its batches. The first step
is not counted. As compare.py: nothing else may run, both sides get two threads and run in turn.

METHOD is a key of METHODS below. PRECISION is fp32, or bf16 for products in bfloat16 with trained weights in float32 on both
sides, which is for processors that have instructions for it. The exit code is 1 when the first losses differ.
"""
import argparse
import pathlib
import statistics
import subprocess
import sys
import time

from compare import BENCH, bench, commit, gigabytes, machine, ratio, run, versions

SHAPE = "qwen2.5-0.5b"
BATCH = 16
CHECKPOINTING = ["--gradient-checkpointing"]
# What ours is given, and what the peer is: the job, as a user of each would set it up.
METHODS = {
    "full": ([], ["full"]),  # both keep what all layers record
    "small": ([*CHECKPOINTING, "--micro-batch-tokens", "256"], ["full"]),  # ours in the least memory
    "checkpointing": (CHECKPOINTING, ["full", *CHECKPOINTING]),
    "full8": (["--optim", "ADAMW_8BIT"], ["full"]),  # bitsandbytes has no 8-bit optimizer for processors
    "lora": (["--lora", "8"], ["lora"]),
    "qlora": (["--lora", "8", "--nf4", *CHECKPOINTING], ["qlora", *CHECKPOINTING]),
}
WARMUP = 1
SPEED, MEMORY = 1.2, 0.7
# Largest relative difference of the first loss; in bf16 both sides round differently.
TOLERANCE = {"fp32": 1e-4, "bf16": 1e-3}


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--peers", type=pathlib.Path, required=True)
    p.add_argument("--fixtures", type=pathlib.Path, required=True)
    p.add_argument("--python", required=True)
    p.add_argument("--out", type=pathlib.Path, required=True)
    p.add_argument("--jobs", default="full-fp32,small-fp32,checkpointing-fp32,full8-fp32,lora-fp32,qlora-fp32")
    p.add_argument("--rounds", type=int, default=1)
    p.add_argument("--steps", type=int, default=5)
    p.add_argument("--work", type=pathlib.Path, default=BENCH / "target" / "compare", help="for the model and the rows")
    return p.parse_args()


def prepare(a):
    model, rows = a.work / SHAPE, a.work / "yoda.jsonl"
    a.work.mkdir(parents=True, exist_ok=True)
    tokenizer = a.fixtures / "tokenizers" / "qwen2.5"
    if not (model / "model.safetensors").exists():
        make = [a.python, a.peers / "make_model.py", SHAPE, model, "--tokenizer", tokenizer, "--dtype", "bfloat16"]
        subprocess.run(make, check=True)
    table = a.fixtures / "datasets" / "yoda" / "yoda_sentences.csv"
    subprocess.run([a.python, BENCH / "make_prompts.py", tokenizer, table, "sentence", "translation_extra", rows,
                    "--rows", str(BATCH * a.steps)], check=True)
    return model, rows


def sides(a, job, model, rows):
    method, precision = job.split("-")
    ours, theirs = METHODS[method]
    common = [model, rows, "--batch-size", str(BATCH), "--steps", str(a.steps), "--warmup", str(WARMUP)]
    peer = [a.python, BENCH / "peer_qlora.py", *common, "--precision", precision, "--method", *theirs]
    precisions = {"bf16": "BFLOAT16", "fp32": "FLOAT32"}
    return {"peer": peer, "temper": bench("TrainBench", *common, "--precision", precisions[precision], *ours)}


def row(job, theirs, ours):
    speed = [o["tokens_per_s"] / t["tokens_per_s"] for o, t in zip(ours, theirs)]
    memory = [o["peak_bytes"] / t["peak_bytes"] for o, t in zip(ours, theirs)]
    cells = [job]
    for results in (ours, theirs):
        cells += [f"{statistics.median(r['tokens_per_s'] for r in results):.1f}", gigabytes(results)]
    cells += [ratio(speed, SPEED, lambda x: x >= SPEED), ratio(memory, MEMORY, lambda x: x <= MEMORY)]
    cells += [f"{ours[0]['losses'][0]:.4f}, {theirs[0]['losses'][0]:.4f}"]
    return "| " + " | ".join(cells) + " |"


def main():
    a = arguments()
    for name in ("peers", "fixtures", "work", "out"):
        setattr(a, name, getattr(a, name).resolve())
    model, rows = prepare(a)
    lines = ["| job | ours, tokens/s | peak GiB | theirs, tokens/s | peak GiB | speed | memory | first loss, ours and theirs |",
             "|---|---|---|---|---|---|---|---|"]
    details, agree = [], True
    for job in a.jobs.split(","):
        results = {"peer": [], "temper": []}
        for number in range(a.rounds):
            for side, command in sides(a, job, model, rows).items():
                results[side].append(run(command, a.work))
                print(f"{job} {number + 1}/{a.rounds} {side}: {results[side][-1]}", file=sys.stderr, flush=True)
        lines.append(row(job, results["peer"], results["temper"]))
        first, other = (results[side][0]["losses"][0] for side in results)
        agree = agree and abs(first - other) <= TOLERANCE[job.split("-")[1]] * first
        phases = ", ".join(f"{name} {share:.0%}" for name, share in results["temper"][-1]["phases"].items())
        details.append(f"- {job}: {phases}")
    head = (f"{time.strftime('%Y-%m-%d')}, commit {commit()}, {machine()}; shape of {SHAPE}, 2 threads, {a.rounds} rounds in turn, "
            f"{a.steps - WARMUP} steps of {BATCH} rows after {WARMUP} of warm-up; {versions(a.python)}.")
    text = "\n".join([head, "", *lines, "", *details]) + "\n"
    a.out.parent.mkdir(parents=True, exist_ok=True)
    a.out.write_text(text)
    print(text)
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
