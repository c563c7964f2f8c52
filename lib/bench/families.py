#!/usr/bin/env python3
"""Writes docs/families.md from what the acceptance tests measured.

    mvn verify -Dtemper.shared=FOLDER && lib/bench/families.py

The tests compare with golden numbers of transformers and PEFT, and leave the largest difference of each kind in
lib/engine/target/differences.tsv and lib/train/target/differences.tsv.
"""
import collections
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODELS = ["hidden states", "logits", "loss", "gradients", "ten steps: loss", "ten steps: gradient norm", "greedy tokens"]
ADAPTERS = ["logits", "loss", "gradients", "ten steps: loss", "ten steps: gradient norm", "ten steps: weights", "merged"]


def main():
    found = collections.defaultdict(dict)
    for module in ("engine", "train"):
        file = ROOT / "lib" / module / "target" / "differences.tsv"
        for line in file.read_text().splitlines() if file.exists() else []:
            subject, what, value = line.split("\t")
            found[subject][what] = value
    if not found:
        sys.exit("no differences.tsv: run mvn verify -Dtemper.shared=FOLDER first")
    commit = subprocess.check_output(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], text=True).strip()
    models = sorted(name for name in found if "/" not in name)
    adapters = sorted(name for name in found if "/" in name)
    text = f"""# What was compared

Each family against transformers 4.57.1 and 5.24.0, each kind of adapter against PEFT 0.18.0 and 0.21.2; shown is the larger
difference. Tiny models with random weights, float32, made and saved by either by the scripts beside the golden numbers. This
page is made by `lib/bench/families.py` from what the acceptance tests measured at commit {commit}; they fail above the limits
in the last row.

The largest difference of any element. Losses and gradient norms are relative; gradients are those of every parameter,
with layers recorded and recomputed, over the tensor's largest value where that is above 1. Ten steps are ten updates
of AdamW with warm-up, decay and clipping. Greedy continuations are the same tokens.

## Models

{table(found, models, MODELS, ["1e-4", "1e-4", "1e-5", "1e-4", "1e-4", "1e-4", "the same"])}
Where the norm of the embeddings belongs to the first layer, the hidden states begin with what leaves that layer.

## Adapters

The files are PEFT 0.18's: names, shapes, types and all fields of the config. `merged` is the merged model against the base
with its adapter, where the golden numbers have it.

{table(found, adapters, ADAPTERS, ["1e-4", "1e-5", "1e-4", "1e-4", "1e-4", "1e-4", "5e-5"])}"""
    (ROOT / "docs" / "families.md").write_text(text)
    print(f"docs/families.md: {len(models)} models, {len(adapters)} adapters")


def table(found, names, columns, limits):
    lines = ["| " + " | ".join(["", *columns]) + " |", "|" + "---|" * (len(columns) + 1)]
    for name in names:
        values = ["the same" if c == "greedy tokens" and c in found[name] else found[name].get(c, "") for c in columns]
        lines.append("| " + " | ".join([name, *values]) + " |")
    lines.append("| " + " | ".join(["limit", *limits]) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
