#!/usr/bin/env python3
"""Writes chat rows of a CSV file as JSON lines with input_ids and labels, -100 for what is not learned: the completion alone is.

    make_prompts.py TOKENIZER_DIR TABLE.csv PROMPT_COLUMN COMPLETION_COLUMN OUT.jsonl [--rows 96] [--max-length 64]
"""
import argparse
import csv
import itertools
import json

import transformers

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
for name in ("tokenizer", "table", "prompt", "completion", "out"):
    p.add_argument(name)
p.add_argument("--rows", type=int, default=96)
p.add_argument("--max-length", type=int, default=64)
a = p.parse_args()
tokenizer = transformers.AutoTokenizer.from_pretrained(a.tokenizer)
with open(a.table, encoding="utf-8", newline="") as table, open(a.out, "w", encoding="utf-8") as out:
    for row in itertools.islice(csv.DictReader(table), a.rows):
        user = [{"role": "user", "content": row[a.prompt]}]
        asked = tokenizer.apply_chat_template(user, add_generation_prompt=True, return_dict=False)
        whole = tokenizer.apply_chat_template([*user, {"role": "assistant", "content": row[a.completion]}], return_dict=False)
        assert whole[:len(asked)] == asked, row
        labels = [-100] * len(asked) + whole[len(asked):]
        out.write(json.dumps({"input_ids": whole[:a.max_length], "labels": labels[:a.max_length]}) + "\n")
