#!/usr/bin/env python3
"""Starts many processes that compute the same first losses, gradients and weights with two threads, and compares the bits.

    lib/bench/first_bits.py [--starts 200] [--threads 2] [--widened]

Half of them begin with an evaluation, half with an update. The model is the quickstart's. The exit code is 1 when a
process has other bits than others, or than itself in the two losses that an evaluation begins with. --widened puts
mkl_race.c (it needs cc) before the function of MKL that such differences came from: its moment of danger then lasts 20
milliseconds, so that a few starts are enough. lib/bench is built (mvn package).
"""
import argparse
import collections
import os
import pathlib
import subprocess
import sys

from compare import BENCH, java

MODEL = BENCH.parents[1] / "conf" / "quickstart" / "base"
OPTIONS = "-Xms16m -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1".split()


def widened():
    """The environment with mkl_race.c before MKL."""
    library = BENCH / "target" / "mkl_race.so"
    library.parent.mkdir(exist_ok=True)
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, BENCH / "mkl_race.c"], check=True)
    return os.environ | {"LD_PRELOAD": str(library)}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--starts", type=int, default=200)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--widened", action="store_true")
    a = p.parse_args()
    environment = widened() if a.widened else None
    seen = {"EVALUATION": collections.Counter(), "UPDATE": collections.Counter()}
    for number in range(a.starts):
        begin = list(seen)[number % 2]
        command = java("dev.temper.bench.FirstBits", str(MODEL), "--threads", str(a.threads), "--begin", begin, options=OPTIONS)
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{done.stderr[-3000:]}\nfailed: {' '.join(command)}")
        seen[begin][done.stdout.strip()] += 1
        if (number + 1) % 20 == 0:
            print(f"{number + 1} of {a.starts}", file=sys.stderr, flush=True)
    # An evaluation is computed twice, and the updates after it are those of the processes that begin with them.
    agreeing = [bits for bits in seen["EVALUATION"] if len(set(bits.split()[:2])) == 1]
    right = max(agreeing, key=seen["EVALUATION"].get, default="")
    expected = {"EVALUATION": right, "UPDATE": " ".join(right.split()[2:])}
    other = 0
    for begin, counts in seen.items():
        print(f"{begin.lower()} first: {counts.total()} starts, {len(counts)} different results")
        for bits, count in counts.most_common():
            print(f"  {count} x {bits}{'' if bits == expected[begin] else ': differs'}")
            other += count if bits != expected[begin] else 0
    print(f"{other} of {a.starts} starts differ")
    return 1 if other else 0


if __name__ == "__main__":
    sys.exit(main())
