#!/usr/bin/env python3
"""Scores texts with transformers' text-classification pipeline, timed. Prints one JSON line.

    peer_score.py MODEL_DIR TEXTS.jsonl [--batch-sizes 1,4,8,16,32] [--count 128] [--threads 2]

TEXTS: one object a line with "text", in an order that knows nothing of lengths. Every batch size scores the same texts
after a few of warm-up; the best one counts. Texts are cut at what the model takes, as users ask the pipeline to.
"""
import argparse
import json
import resource
import time

import torch
import transformers


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model")
    p.add_argument("texts")
    p.add_argument("--batch-sizes", default="1,4,8,16,32")
    p.add_argument("--count", type=int, default=128)
    p.add_argument("--warmup", type=int, default=8)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--max-length", type=int, default=512)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    texts = [json.loads(line)["text"] for line in open(a.texts, encoding="utf-8")][:a.count]
    pipe = transformers.pipeline("text-classification", model=a.model, device="cpu", dtype=torch.float32)
    options = dict(top_k=None, truncation=True, max_length=a.max_length)
    pipe(texts[:a.warmup], **options)
    rates, labels = {}, None
    for size in map(int, a.batch_sizes.split(",")):
        start = time.perf_counter()
        answers = pipe(texts, batch_size=size, **options)
        rates[size] = len(texts) / (time.perf_counter() - start)
        labels = labels or sorted(score["label"] for score in answers[0])
        scores = [next(s["score"] for s in answer if s["label"] == labels[-1]) for answer in answers]
    best = max(rates, key=rates.get)
    print(json.dumps(dict(
        peer=f"transformers {transformers.__version__} pipeline, batches of {best}", threads=a.threads,
        rows=len(texts), rows_per_s=round(rates[best], 3), all_rows_per_s={k: round(v, 2) for k, v in rates.items()},
        peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        scores=[round(score, 6) for score in scores[:32]])))


if __name__ == "__main__":
    main()
