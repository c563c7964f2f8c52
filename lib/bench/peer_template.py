#!/usr/bin/env python3
"""Chat templates through Jinja2, as transformers calls it: one thread, a question and an answer. Prints one JSON line.

    peer_template.py TEMPLATE_FILE ...

Per file: microseconds of transformers' whole apply_chat_template, and of Jinja2's render alone.
"""
import json
import pathlib
import statistics
import sys
import time

import jinja2
import transformers
from transformers.utils.chat_template_utils import _compile_jinja_template, render_jinja_template

TOKENS = dict(bos_token="<|begin_of_text|>", eos_token="<|eot_id|>")


def chat():
    return [dict(role="user", content="Who invented the light bulb?"), dict(role="assistant", content="Edison.")]


def micros(call, seconds=1.0, rounds=5):
    for _ in range(2000):
        call()
    times = []
    for _ in range(rounds):
        count, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            for _ in range(100):
                call()
            count += 100
        times.append((time.perf_counter() - start) / count * 1e6)
    return statistics.median(times)


result = dict(peer=f"Jinja2 {jinja2.__version__}, transformers {transformers.__version__}", templates={})
for file in sys.argv[1:]:
    text = pathlib.Path(file).read_text()
    compiled = _compile_jinja_template(text)
    whole = micros(lambda: render_jinja_template([chat()], chat_template=text, add_generation_prompt=False, **TOKENS))
    alone = micros(lambda: compiled.render(messages=chat(), tools=None, documents=None, add_generation_prompt=False,
                                           **TOKENS))
    result["templates"][file] = dict(
        whole=whole, alone=alone,
        text=compiled.render(messages=chat(), tools=None, documents=None, add_generation_prompt=False,
                             date_string="26 Jul 2024", **TOKENS))
print(json.dumps(result))
