#!/usr/bin/env python3
"""How much a difference in the last bit becomes in a training run: the quickstart's, as a plain PyTorch loop.

    lib/bench/rounding.py [--updates 200] [--learning-rates 2e-3,2e-4] [--temper [FOLDER]] [--out FILE.md]

It needs torch, transformers and pandas with pyarrow. The loop trains conf/quickstart's base on its rows with its settings, and
again with what should change nothing but the rounding: another number of threads; two or four micro-batches, as so many
workers have; one weight off by one bit. The same weight off by as much in float64, whose own rounding is a billionth of
that, shows what the run makes of a difference by itself. The table has the relative difference of the loss from the first
run's: the largest among the ten updates that end with the column's.

--temper runs Temper too, with one worker, with two, and with another number of threads, by deploy/temper; FOLDER keeps what
it writes and is used again.
"""
import argparse
import csv
import math
import os
import pathlib
import random
import subprocess
import sys
import tempfile

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that spin beside another process lose most of the time
import torch
import torch.nn.functional as F
import transformers
from transformers.models.llama.modeling_llama import LlamaRMSNorm

ROOT = pathlib.Path(__file__).resolve().parents[2]
QUICKSTART = ROOT / "conf" / "quickstart"
BATCH, WARMUP, PLANNED = 32, 30, 470  # 5 epochs of 94 updates
COLUMNS = (1, 10, 20, 50, 100, 200, PLANNED)
WEIGHT = "model.layers.1.self_attn.q_proj.weight"


def batches(updates):
    """Per update its rows: token ids, and labels of the completion and the end token alone."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(QUICKSTART / "base")
    rows = []
    with open(QUICKSTART / "train.csv", encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table):
            asked = len(tokenizer(row["prompt"])["input_ids"])
            ids = tokenizer(row["prompt"] + row["completion"] + tokenizer.eos_token)["input_ids"]
            rows.append((ids, [-100] * asked + ids[asked:]))
    shuffle, order = random.Random(42), []
    while len(order) < updates * BATCH:
        order += shuffle.sample(rows, len(rows) // BATCH * BATCH)
    return [order[i * BATCH:(i + 1) * BATCH] for i in range(updates)]


def padded(rows):
    width = max(len(ids) for ids, _ in rows)
    fill = lambda values, what: torch.tensor([value + [what] * (width - len(value)) for value in values])
    return fill([ids for ids, _ in rows], 0), fill([labels for _, labels in rows], -100), fill([[1] * len(ids) for ids, _ in rows], 0)


def norm(self, x):
    """LlamaRMSNorm in the type of its input; the library's goes through float32, whose rounding float64 is to be free of."""
    return self.weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.variance_epsilon)


def losses(data, rate, threads=1, parts=1, nudge=0.0, dtype=torch.float32):
    """The loss of each update. nudge: by how many of its float32 bits one weight differs at the start."""
    torch.set_num_threads(threads)
    model = transformers.AutoModelForCausalLM.from_pretrained(QUICKSTART / "base").to(dtype)
    weight = dict(model.named_parameters())[WEIGHT]
    with torch.no_grad():
        value = weight[3, 5].float()
        weight[3, 5] += nudge * (torch.nextafter(value, torch.tensor(torch.inf)) - value).to(dtype)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.0)
    cosine = lambda n: n / WARMUP if n < WARMUP else 0.5 * (1 + math.cos(math.pi * (n - WARMUP) / (PLANNED - WARMUP)))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, cosine)
    seen = []
    for rows in data:
        learned = sum(label != -100 for _, labels in rows for label in labels)
        total = 0.0
        for part in range(parts):
            ids, labels, mask = padded(rows[part::parts])
            logits = model(input_ids=ids, attention_mask=mask).logits[:, :-1]
            loss = F.cross_entropy(logits.flatten(0, 1), labels[:, 1:].flatten(), reduction="sum") / learned
            loss.backward()
            total += loss.item()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        seen.append(total)
    return seen


def temper(folder, rate, updates, workers, threads):
    """The losses of one run of Temper's."""
    import pandas
    out = folder / f"{rate}-{workers}x{threads}"
    if not (out / "manifest.json").exists():
        command = [ROOT / "deploy" / "temper", "run", "conf/quickstart.yaml", f"output={out}", f"cluster.workers={workers}",
                   f"training.learning_rate={rate}", "training.logging_steps=1", "training.eval_strategy=no",
                   "training.save_strategy=no", "generation.prompts=[]", "generation.eval_prompts=0"]
        options = {"TEMPER_JAVA_OPTS": f"-Xmx1g -XX:ActiveProcessorCount={workers * threads}"}
        done = subprocess.run(command, cwd=ROOT, env=os.environ | options, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(done.stderr[-3000:])
    metrics = pandas.read_parquet(out / "metrics")
    return list(metrics[metrics["name"] == "train/loss"].sort_values("step")["value"])[:updates]


def line(name, first, other):
    columns = [column for column in COLUMNS if column <= len(first)]
    apart = [abs(b - a) / a for a, b in zip(first, other, strict=True)]
    return f"| {name} | " + " | ".join(f"{max(apart[max(0, c - 10):c]):.0e}" for c in columns) + " |"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--updates", type=int, default=200)
    p.add_argument("--learning-rates", default="2e-3,2e-4")
    p.add_argument("--temper", nargs="?", const="", metavar="FOLDER")
    p.add_argument("--out", type=pathlib.Path)
    a = p.parse_args()
    torch.use_deterministic_algorithms(True)
    LlamaRMSNorm.forward = norm
    data = batches(a.updates)
    columns = [str(column) for column in COLUMNS if column <= a.updates]
    text = [f"torch {torch.__version__}, transformers {transformers.__version__}", "",
            "| at learning rate, what differs | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for rate in a.learning_rates.split(","):
        say = lambda name, first, other: text.append(line(f"{rate}: {name}", first, other)) or print(text[-1], flush=True)
        variants = {"nothing": {}, "2 micro-batches": {"parts": 2}, "4 micro-batches": {"parts": 4}, "2 threads": {"threads": 2},
                    "one weight by one bit": {"nudge": 1.0}}
        first = losses(data, float(rate))
        for name, settings in variants.items():
            say(f"PyTorch, {name}", first, losses(data, float(rate), **settings))
        double = losses(data, float(rate), dtype=torch.float64)
        say("PyTorch, float64, one weight by one bit of float32", double,
            losses(data, float(rate), nudge=1.0, dtype=torch.float64))
        if a.temper is not None:
            with tempfile.TemporaryDirectory() as scratch:
                folder = pathlib.Path(a.temper or scratch).resolve()
                ours = temper(folder, rate, a.updates, 1, 1)
                for name, workers, threads in (("2 workers", 2, 1), ("4 workers", 4, 1), ("2 threads", 1, 2)):
                    say(f"Temper, {name}", ours, temper(folder, rate, a.updates, workers, threads))
    if a.out:
        a.out.write_text("\n".join(text) + "\n")


if __name__ == "__main__":
    main()
