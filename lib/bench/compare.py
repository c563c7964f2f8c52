#!/usr/bin/env python3
"""Runs Temper and its Python peers in turn on the same model and rows, and writes a Markdown table.

    lib/bench/compare.py --peers ../shared/bench --fixtures ../shared/fixtures --python VENV/bin/python --out FILE.md
                         [--jobs full,lora,generate,classify,classify-plain,score] [--rounds 3] [--steps 20]
                         [--work FOLDER]

--peers holds peer_train.py, peer_generate.py, make_model.py and make_rows.py; --python has what they import; lib/bench
is built (mvn package). Nothing else may run on the machine: both sides get two threads, and a third busy one costs
PyTorch's threads more than its share. Each round runs every side once, so that a slow spell of the machine meets all;
ratios are taken round by round. The exit code is 1 when both sides do not compute the same losses, tokens or scores.

classify trains BERT-base's shape on film reviews of up to 512 tokens, with dropout as users do; classify-plain does it
without, so that losses can be compared; score is batch scoring of reviews with that shape.
"""
import argparse
import csv
import itertools
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

BENCH = pathlib.Path(__file__).resolve().parent
SHAPE = "tinystories-33m"
CLASSIFIER = "bert-base-cased"
CLASSIFIERS = {"classify", "classify-plain", "score"}
ATTENTION = "q_proj,k_proj,v_proj,out_proj"
JVM = "-Xms16m -Xmx256m -XX:+UseSerialGC".split()
# Largest relative difference of a loss. The peer draws another random adapter, so its later losses are not ours.
TOLERANCE = 1e-4
# Ours must be so many times as fast, and need at most this share of the memory.
TARGETS = {("full", "trainer"): (1.2, 0.7), ("full", "plain"): (1.1, 0.7), ("lora", "trainer"): (1.15, 0.7),
           ("generate", "generate"): (1.3, None), ("classify", "trainer"): (1.5, None),
           ("classify-plain", "trainer"): (1.5, None), ("score", "pipeline"): (1.1, None)}


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--peers", type=pathlib.Path, required=True)
    p.add_argument("--fixtures", type=pathlib.Path, required=True)
    p.add_argument("--python", required=True)
    p.add_argument("--out", type=pathlib.Path, required=True)
    p.add_argument("--jobs", default="full,lora,generate,classify,classify-plain,score")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--steps", type=int, default=20)
    p.add_argument("--warmup", type=int, default=3)
    p.add_argument("--reviews", type=int, default=96, help="that score scores")
    p.add_argument("--work", type=pathlib.Path, default=BENCH / "target" / "compare", help="for the model and the rows")
    return p.parse_args()


def prepare(a, job):
    """The model and the rows of a job; made once."""
    classifies = job in CLASSIFIERS
    shape, data, batch = (CLASSIFIER, "imdb", 16) if classifies else (SHAPE, "backstories", 8)
    model, rows = a.work / shape, a.work / f"{data}.jsonl"
    a.work.mkdir(parents=True, exist_ok=True)
    if not (model / "model.safetensors").exists():
        tokenizer = ["--tokenizer", a.fixtures / "tokenizers" / "bert_base_cased"] if classifies else []
        subprocess.run([a.python, a.peers / "make_model.py", shape, model, *tokenizer], check=True)
        if classifies:  # as published; without it transformers would make the texts lower case
            (model / "tokenizer_config.json").write_text('{"do_lower_case": false, "model_max_length": 512}')
    count = batch * a.steps
    if not rows.exists() or sum(1 for _ in rows.open()) < count:
        subprocess.run([a.python, a.peers / "make_rows.py", data, a.fixtures, rows, "--rows", str(count)], check=True)
    if not classifies:
        unlabel_first(rows)
    if job == "classify-plain":
        model = without_dropout(a, model)
    if job == "score":
        rows = reviews(a)
    return model, rows


def unlabel_first(rows):
    """Takes the label off each row's first token, which nothing predicts.

    transformers 4's Trainer divides by it all the same (here by one part in a hundred too much), 5's and a plain loop do
    not: without these labels all three compute the same loss.
    """
    lines = [json.loads(line) for line in rows.open()]
    rows.write_text("".join(json.dumps(row | {"labels": [-100, *row["labels"][1:]]}) + "\n" for row in lines))


def without_dropout(a, model):
    plain = a.work / f"{model.name}-plain"
    plain.mkdir(exist_ok=True)
    for file in model.iterdir():
        if file.name != "config.json" and not (plain / file.name).exists():
            (plain / file.name).symlink_to(file)
    config = json.loads((model / "config.json").read_text())
    config |= {key: 0.0 for key in config if key.endswith("dropout") or key.endswith("dropout_prob")}
    (plain / "config.json").write_text(json.dumps(config))
    return plain


def reviews(a):
    """Film reviews in the file's order, which knows nothing of lengths."""
    texts = a.work / "reviews.jsonl"
    with open(a.fixtures / "datasets" / "imdb" / "imdb_small.csv", encoding="utf-8", newline="") as table:
        rows = itertools.islice(csv.DictReader(table), a.reviews)
        texts.write_text("".join(json.dumps({"text": row["text"]}) + "\n" for row in rows))
    return texts


def java(main, *rest, options=()):
    path = os.pathsep.join([str(BENCH / "target" / "classes"), (BENCH / "target" / "classpath").read_text().strip()])
    home = os.environ.get("JAVA_HOME")
    binary = str(pathlib.Path(home) / "bin" / "java") if home else "java"
    return [binary, *options, "-cp", path, main, *rest]


def bench(name, *rest):
    quick = ["-XX:TieredStopAtLevel=1"] if name == "GenerateBench" else []  # as deploy/temper generate
    return java(f"dev.temper.bench.{name}", *rest, options=[*JVM, *quick])


def sides(a, job, model, rows):
    """Per side of a job, its command."""
    if job == "score":
        return {"pipeline": [a.python, BENCH / "peer_score.py", model, rows, "--count", str(a.reviews)],
                "temper": bench("ScoreBench", model, rows, "--count", str(a.reviews))}
    if job == "generate":
        return {"generate": [a.python, a.peers / "peer_generate.py", model],
                "temper": bench("GenerateBench", model)}
    options = [model, rows, "--steps", str(a.steps), "--warmup", str(a.warmup)]
    if job == "lora":
        options += ["--lora", "8", "--target-modules", ATTENTION]
    if job in CLASSIFIERS:
        options += ["--batch-size", "16"]
    loops = ["trainer", "plain"] if job == "full" else ["trainer"]
    peers = {loop: [a.python, a.peers / "peer_train.py", *options, "--loop", loop] for loop in loops}
    return peers | {"temper": bench("TrainBench", *options)}


def run(command, work):
    done = subprocess.run([str(part) for part in command], cwd=work, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{done.stderr[-3000:]}\nfailed: {' '.join(str(part) for part in command)}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def rate(result):
    """Tokens/s, or rows/s of scoring."""
    return result.get("tokens_per_s") or result["rows_per_s"]


def measure(a):
    """Per job and side, one result per round."""
    results = {}
    for job in a.jobs.split(","):
        commands = sides(a, job, *prepare(a, job))
        results[job] = {side: [] for side in commands}
        for number in range(a.rounds):
            for side, command in commands.items():
                result = run(command, a.work)
                results[job][side].append(result)
                print(f"{job} {number + 1}/{a.rounds} {side}: {rate(result)} {'rows' if job == 'score' else 'tokens'}/s", file=sys.stderr)
    return results


def same(job, side, theirs, ours):
    """Whether both computed the same, in words; and whether that is so."""
    if job == "generate":
        return ("same tokens", True) if theirs["ids"] == ours["ids"] else ("other tokens", False)
    if job == "score":
        worst = max(abs(t - o) for t, o in zip(theirs["scores"], ours["scores"], strict=True))
        return f"{len(ours['scores'])} scores within {worst:.1e}", worst <= TOLERANCE
    if job == "classify":
        return "masks of dropout differ", True
    # The plain loop keeps its learning rate while ours falls linearly: its first two losses are comparable.
    count = 1 if job == "lora" else 2 if side == "plain" else len(theirs["losses"])
    pairs = zip(theirs["losses"][:count], ours["losses"][:count])
    worst = max(abs(t - o) / t for t, o in pairs)
    return f"{count} losses within {worst:.1e}", worst <= TOLERANCE


def gigabytes(results):
    peaks = [r["peak_bytes"] for r in results if "peak_bytes" in r]
    return f"{statistics.median(peaks) / 2**30:.2f}" if peaks else ""


def ratio(values, limit, is_met):
    """The median of the ratios, their range, and the target."""
    middle = statistics.median(values)
    text = f"{middle:.2f} ({min(values):.2f}-{max(values):.2f})"
    return text if limit is None else f"{text}, target {limit}: {'met' if is_met(middle) else '**missed**'}"


def table(results):
    lines = ["| job | side | tokens/s, of score rows/s | peak GiB | ours : theirs, speed | ours : theirs, memory | computes the same |",
             "|---|---|---|---|---|---|---|"]
    agree = True
    for job, by_side in results.items():
        ours = by_side["temper"]
        for side, theirs in by_side.items():
            speed = statistics.median(rate(r) for r in theirs)
            cells = [job, side, f"{speed:.1f}", gigabytes(theirs), "", "", ""]
            if side != "temper":
                fast, small = TARGETS[job, side]
                pairs = list(zip(ours, theirs))
                faster = [rate(o) / rate(t) for o, t in pairs]
                cells[4] = ratio(faster, fast, lambda x: x >= fast)
                if "peak_bytes" in theirs[0]:
                    memory = [o["peak_bytes"] / t["peak_bytes"] for o, t in pairs]
                    cells[5] = ratio(memory, small, lambda x: small is None or x <= small)
                cells[6], agrees = same(job, side, theirs[0], ours[0])
                agree = agree and agrees
            lines.append("| " + " | ".join(cells) + " |")
    return lines, agree


def details(results):
    """How near to the machine's own rate, and where our time goes."""
    lines = []
    for job, by_side in results.items():
        ours = by_side["temper"]
        if "phases" not in ours[-1]:
            continue
        phases = ", ".join(f"{name} {share:.0%}" for name, share in ours[-1]["phases"].items())
        line = f"- {job}: {phases}"
        if "matmul_gflops" in ours[0]:
            rate, used, share = (statistics.median(r[key] for r in ours)
                                 for key in ("matmul_gflops", "model_gflops", "share_of_matmul_rate"))
            line += f"; {used:.0f} of the machine's {rate:.0f} GFLOP/s in float32 matrix products ({share:.0%})"
        lines.append(line)
    return lines


def machine():
    fields = dict(line.split(":", 1) for line in subprocess.check_output(["lscpu"], text=True).splitlines() if ":" in line)
    kib = int(pathlib.Path("/proc/meminfo").read_text().split()[1])
    return f"{fields['Model name'].strip()}, {os.cpu_count()} cores, {kib / 2**20:.0f} GiB"


def versions(python):
    """What the peers are made of."""
    names = ["transformers", "peft", "torch", "bitsandbytes", "datasets"]
    code = f"from importlib import metadata as m\nfor n in {names}:\n  try: print(n, m.version(n))\n  except m.PackageNotFoundError: pass"
    return ", ".join(subprocess.check_output([python, "-c", code], text=True).splitlines())


def commit():
    git = ["git", "-C", str(BENCH)]
    changed = subprocess.check_output([*git, "status", "--porcelain"], text=True).strip()
    return subprocess.check_output([*git, "rev-parse", "--short", "HEAD"], text=True).strip() + (
        " with uncommitted changes" if changed else "")


def main():
    a = arguments()
    for name in ("peers", "fixtures", "work", "out"):
        setattr(a, name, getattr(a, name).resolve())
    if not (BENCH / "target" / "classpath").exists():
        sys.exit("lib/bench is not built: mvn package -DskipTests -pl lib/bench -am")
    load = os.getloadavg()[0]
    results = measure(a)
    lines, agree = table(results)
    head = [f"{time.strftime('%Y-%m-%d')}, commit {commit()}, {machine()}, load {load:.1f} at the start; shapes of {SHAPE} and "
            f"{CLASSIFIER}, float32, 2 threads, {a.rounds} rounds in turn, medians; {a.steps - a.warmup} steps of 8 backstories or 16 "
            f"reviews after {a.warmup} of warm-up; 64 + 128 tokens generated; {a.reviews} reviews scored; {versions(a.python)}; java {' '.join(JVM)}.", ""]
    text = "\n".join(head + lines + [""] + details(results)) + "\n"
    a.out.parent.mkdir(parents=True, exist_ok=True)
    a.out.write_text(text)
    print(text)
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
