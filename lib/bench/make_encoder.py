#!/usr/bin/env python3
"""Writes a small BERT with random weights, to be trained from scratch: 4.4 million parameters, two layers of width 128.

    make_encoder.py TOKENIZER_FOLDER OUT

TOKENIZER_FOLDER holds the tokenizer.json and tokenizer_config.json of an uncased BERT.
"""
import pathlib
import shutil
import sys

import torch
import transformers

if len(sys.argv) != 3:
    sys.exit(__doc__)
source, out = map(pathlib.Path, sys.argv[1:])
torch.manual_seed(0)
transformers.BertModel(transformers.BertConfig(
    vocab_size=30522, hidden_size=128, num_hidden_layers=2, num_attention_heads=2, intermediate_size=512,
)).save_pretrained(out)
for file in ("tokenizer.json", "tokenizer_config.json"):
    shutil.copy(source / file, out / file)
