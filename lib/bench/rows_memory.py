#!/usr/bin/env python3
"""Trains on millions of prepared tokens in a small heap, driver and worker in one process, and compares the mapped
files of the worker's rows with their plan.

    rows_memory.py --out FOLDER [--tokens 50000000] [--heap 512m] [key=value ...]

Rows are the quickstart's, several in one text. Prints a table in Markdown; exits with 1 when the plan is off by more
than a tenth. Needs Linux.
"""
import argparse
import csv
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOKENS_A_ROW = 215  # with seven of the quickstart's rows in one
MAPPED = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) .*temper-\d+\.rows")


def write_rows(path, tokens):
    """As many texts as hold about so many tokens of the quickstart's tokenizer, which has one for a few letters."""
    with open(ROOT / "conf/quickstart/train.csv", newline="") as file:
        parts = [row["prompt"] + row["completion"] for row in csv.DictReader(file)]
    draw = random.Random(1)
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["text"])
        for _ in range(tokens // TOKENS_A_ROW):
            out.writerow([" ".join(draw.choices(parts, k=7))])


def mapped_bytes(pid):
    """What is mapped to files of rows in a process and those that it started."""
    found = 0
    try:
        children = (pathlib.Path(f"/proc/{pid}/task/{pid}/children")).read_text().split()
        lines = pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines()
    except OSError:
        return 0
    for match in filter(None, map(MAPPED.match, lines)):
        found += int(match[2], 16) - int(match[1], 16)
    return found + sum(mapped_bytes(child) for child in children)


def temper(command, settings, log, options):
    environment = dict(os.environ, TEMPER_JAVA_OPTS=options)
    most = 0
    with open(log, "w") as file:
        process = subprocess.Popen(
            [str(ROOT / "deploy/temper"), command, "conf/quickstart.yaml", *settings],
            stdout=file, stderr=subprocess.STDOUT, env=environment, cwd=ROOT)
        while process.poll() is None:
            most = max(most, mapped_bytes(process.pid))
            time.sleep(0.1)
    if process.returncode != 0:
        sys.exit(f"temper {command} ended with {process.returncode}, see {log}")
    return most


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder for rows, output and logs")
    parser.add_argument("--tokens", type=int, default=50_000_000)
    parser.add_argument("--heap", default="512m")
    parser.add_argument("rest", nargs="*", metavar="key=value")
    args = parser.parse_intermixed_args()
    args.out = args.out.resolve()
    args.out.mkdir(parents=True, exist_ok=True)
    rows = args.out / "rows.csv"
    if not rows.exists():
        write_rows(rows, args.tokens)
    settings = [
        f"data.train={rows}", "data.eval=", "data.eval_fraction=0.0005", "data.format=text",
        "data.columns={text: text}", "data.train_on=all", "data.max_length=256", "data.too_long=truncate",
        f"data.prepared={args.out / 'prepared'}", f"output={args.out / 'run'}",
        f"cluster.local_dir={args.out / 'local'}", "training.max_steps=30", "training.batch_size=8",
        "training.eval_strategy=no", "generation.eval_prompts=0", *args.rest]
    temper("prepare", settings, args.out / "prepare.log", "-Xmx2g")
    # Spark wants 450 MiB of heap without the space that Java keeps for survivors: less of that.
    mapped = temper("run", settings, args.out / "run.log", f"-Xmx{args.heap} -XX:MaxNewSize=96m")
    manifest = json.loads((args.out / "run/manifest.json").read_text())
    prepared = json.loads(next((args.out / "prepared").glob("*/MANIFEST.json")).read_text())
    memory = manifest["memory"]
    planned = memory["planned_rows_bytes"]
    left = sorted(path.name for path in (args.out / "local").glob("*.rows"))
    print("| rows | tokens | heap | planned MiB | files MiB | mapped MiB | plan / mapped | RssAnon MiB | RssFile MiB |")
    print("|---|---|---|---|---|---|---|---|---|")
    mib = lambda count: f"{count / 2**20:,.1f}"
    tokens = prepared["train"]["tokens"] + prepared["eval"]["tokens"]
    print(f"| {manifest['rows']['in']:,} | {tokens:,} | {args.heap} | {mib(planned)} | {mib(memory['rows_bytes'])} |"
          f" {mib(mapped)} | {planned / mapped:.3f} | {mib(memory['peak_anonymous_bytes'])} |"
          f" {mib(memory['peak_mapped_bytes'])} |")
    print(f"{len(left)} files left in cluster.local_dir {left}")
    sys.exit(0 if not left and abs(planned / mapped - 1) < 0.1 else 1)


if __name__ == "__main__":
    main()
