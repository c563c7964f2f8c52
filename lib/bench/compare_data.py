#!/usr/bin/env python3
"""Prepares the same rows with Temper and with its Python peer in turn, and writes a Markdown table.

    lib/bench/compare_data.py --peers ../shared/bench --fixtures ../shared/fixtures --python VENV/bin/python --out FILE.md
                              [--jobs templates,prepare,memory] [--rounds 3] [--rows 200000] [--work FOLDER]

templates: a question and an answer through the phi3 and the llama3 template, one thread: JMH beside Jinja2.
prepare:   --rows questions and answers through the llama3 template and tokenizer: `temper prepare` on local[2], from the
           CSV to the prepared files, beside datasets.map with 2 processes, which neither reads nor writes the CSV; and
           the share of the tokenizer's native calls in the time of the stages that render and tokenize.
memory:    the peak of 200,000 rows beside that of 2,000,000, with a heap of 512 MiB that is touched at the start: Spark
           sorts in all the memory it is given, so a larger heap would only say how much of it was used.

--peers holds peer_tokenize.py; lib/bench is built (mvn package). Nothing else may run on the machine.
"""
import argparse
import csv
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

from compare import BENCH, commit, java, machine, ratio, run, versions

TARGETS = {"templates": 8, "prepare": 2.5, "native": 0.8, "memory": 1.1}
JVM = "-Xms1g -Xmx1g".split()
SMALL_HEAP = "-Xms512m -Xmx512m -XX:+AlwaysPreTouch".split()
TOKENIZERS = {"phi3": "phi3_mini", "llama3": "llama3"}


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--peers", type=pathlib.Path, required=True)
    p.add_argument("--fixtures", type=pathlib.Path, required=True)
    p.add_argument("--python", required=True)
    p.add_argument("--out", type=pathlib.Path, required=True)
    p.add_argument("--jobs", default="templates,prepare,memory")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--rows", type=int, default=200_000)
    p.add_argument("--work", type=pathlib.Path, default=BENCH / "target" / "compare")
    return p.parse_args()


def templates(a):
    files = {}
    for name, folder in TOKENIZERS.items():
        config = json.loads((a.fixtures / "tokenizers" / folder / "tokenizer_config.json").read_text())
        files[name] = a.work / f"{name}.jinja"
        files[name].write_text(config["chat_template"])
    ours, theirs = {name: [] for name in files}, {name: [] for name in files}
    for _ in range(a.rounds):
        peer = run([a.python, BENCH / "peer_template.py", *files.values()], a.work)
        for name, file in files.items():
            theirs[name].append(peer["templates"][str(file)]["whole"])
            out = a.work / "jmh.json"
            subprocess.run(java("org.openjdk.jmh.Main", "TemplateBench", "-p", f"file={file}", "-rf", "json", "-rff",
                                str(out)), check=True, capture_output=True, cwd=a.work)
            ours[name].append(json.loads(out.read_text())[0]["primaryMetric"]["score"])
    lines = []
    for name in files:
        faster = [t / o for t, o in zip(theirs[name], ours[name])]
        lines.append(f"| {name} template | {statistics.median(ours[name]):.2f} µs | {statistics.median(theirs[name]):.2f} µs, "
                     f"{peer['peer']} | {ratio(faster, TARGETS['templates'], lambda x: x >= TARGETS['templates'])} |")
    return lines


def rows_file(a, count):
    """The rows that peer_tokenize.py makes: the fixture's repeated, each question made unique."""
    file = a.work / f"sarcasm-{count}.csv"
    if not file.exists():
        with (a.fixtures / "datasets/sarcasm/sarcasm.csv").open(newline="", encoding="utf-8") as f:
            rows = [r for r in csv.DictReader(f) if r["question"] and r["answer"]]
        with file.open("w", newline="", encoding="utf-8") as f:
            out = csv.writer(f)
            out.writerow(["question", "answer"])
            for i in range(count):
                row = rows[i % len(rows)]
                out.writerow([f"{row['question']} {i}", row["answer"]])
    return file


def prepare_bench(a, count, *more, heap=JVM):
    pom = (BENCH.parents[1] / "pom.xml").read_text()  # the options that deploy/temper gives
    options = [o for name in ("spark", "temper") for o in pom.split(f"<{name}.jvm.options>")[1].split("<")[0].split()]
    tokenizer = a.fixtures / "tokenizers" / "llama3"
    return run(java("dev.temper.bench.PrepareBench", tokenizer, rows_file(a, count), *more, options=[*heap, *options]), a.work)


def prepare(a):
    ours, theirs = [], []
    sarcasm = a.fixtures / "datasets/sarcasm/sarcasm.csv"
    peer = [a.python, a.peers / "peer_tokenize.py", a.fixtures / "tokenizers/llama3", sarcasm, "question", "answer",
            "--rows", a.rows]
    for number in range(a.rounds):
        theirs.append(run(peer, a.work))
        ours.append(prepare_bench(a, a.rows))
        print(f"prepare {number + 1}/{a.rounds}: {ours[-1]['rows_per_s']} and {theirs[-1]['rows_per_s']} rows/s", file=sys.stderr)
    shares = [prepare_bench(a, a.rows, "--stages")["native_share"] for _ in range(a.rounds)]
    faster = [o["rows_per_s"] / t["rows_per_s"] for o, t in zip(ours, theirs)]
    return [f"| prepare {a.rows:,} rows | {statistics.median(o['rows_per_s'] for o in ours):,.0f} rows/s | "
            f"{statistics.median(t['rows_per_s'] for t in theirs):,.0f} rows/s, {theirs[0]['peer']} | "
            f"{ratio(faster, TARGETS['prepare'], lambda x: x >= TARGETS['prepare'])} |",
            f"| of rendering and tokenizing, inside the tokenizer | {statistics.median(shares):.0%} | | "
            f"{ratio(shares, TARGETS['native'], lambda x: x >= TARGETS['native'])} |"]


def memory(a):
    few, many = (prepare_bench(a, count, heap=SMALL_HEAP) for count in (200_000, 2_000_000))
    growth = many["peak_bytes"] / few["peak_bytes"]
    return [f"| peak of 2,000,000 : 200,000 rows, resident | {many['peak_bytes'] / 2**20:.0f} MiB | {few['peak_bytes'] / 2**20:.0f} MiB | "
            f"{ratio([growth], TARGETS['memory'], lambda x: x <= TARGETS['memory'])} |"]


def main():
    a = arguments()
    for name in ("peers", "fixtures", "work", "out"):
        setattr(a, name, getattr(a, name).resolve())
    if not (BENCH / "target" / "classpath").exists():
        sys.exit("lib/bench is not built: mvn package -DskipTests -pl lib/bench -am")
    a.work.mkdir(parents=True, exist_ok=True)
    load = os.getloadavg()[0]
    lines = ["| what | Temper | peer | ratio |", "|---|---|---|---|"]
    for job in a.jobs.split(","):
        lines += {"templates": templates, "prepare": prepare, "memory": memory}[job](a)
    head = (f"{time.strftime('%Y-%m-%d')}, commit {commit()}, {machine()}, load {load:.1f} at the start; {a.rounds} rounds "
            f"in turn, medians; local[2], java {' '.join(JVM)}; {versions(a.python)}.")
    text = "\n".join([head, "", *lines]) + "\n"
    a.out.parent.mkdir(parents=True, exist_ok=True)
    a.out.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
