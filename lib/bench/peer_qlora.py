#!/usr/bin/env python3
"""What a user would run instead: full fine-tuning, LoRA or QLoRA by Trainer, PEFT and bitsandbytes. Prints one JSON line.

    peer_qlora.py MODEL_DIR ROWS.jsonl --method full|lora|qlora [--precision fp32|bf16] [--batch-size 16] [--steps 6]

ROWS: objects with input_ids and labels; batches are padded to the longest row, in file order. bf16 is Trainer's
bf16=True: products in bfloat16, weights that are trained in float32. qlora is NF4 with double quantization, prepared by
prepare_model_for_kbit_training, which turns gradient checkpointing on. The first --warmup steps are not counted;
tokens_per_s counts real tokens, never padding.
"""
import argparse
import json
import resource
import time

import peft
import torch
import transformers as t


def collate(rows, pad):
    width = max(len(row["input_ids"]) for row in rows)
    batch = {"input_ids": torch.full((len(rows), width), pad), "labels": torch.full((len(rows), width), -100),
             "attention_mask": torch.zeros((len(rows), width), dtype=torch.long)}
    for i, row in enumerate(rows):
        length = len(row["input_ids"])
        batch["input_ids"][i, :length] = torch.tensor(row["input_ids"])
        batch["labels"][i, :length] = torch.tensor(row["labels"])
        batch["attention_mask"][i, :length] = 1
    return batch


class Clock(t.TrainerCallback):
    def __init__(self):
        self.stamps, self.losses = [], []

    def on_step_end(self, *args, **kwargs):
        self.stamps.append(time.perf_counter())

    def on_log(self, args, state, control, logs=None, **kwargs):
        if "loss" in (logs or {}):
            self.losses.append(round(logs["loss"], 4))


def load(a):
    dtype = torch.bfloat16 if a.precision == "bf16" and a.method != "full" else torch.float32
    if a.method == "full":
        return t.AutoModelForCausalLM.from_pretrained(a.model, dtype=dtype)
    quantization = None
    if a.method == "qlora":
        quantization = t.BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
                                            bnb_4bit_compute_dtype=dtype)
    model = t.AutoModelForCausalLM.from_pretrained(a.model, dtype=dtype, quantization_config=quantization)
    if quantization:
        model = peft.prepare_model_for_kbit_training(model, use_gradient_checkpointing=a.gradient_checkpointing)
    config = peft.LoraConfig(r=a.r, lora_alpha=2 * a.r, target_modules="all-linear", task_type="CAUSAL_LM")
    model = peft.get_peft_model(model, config)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    return model


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model")
    p.add_argument("rows")
    p.add_argument("--method", choices=["full", "lora", "qlora"], required=True)
    p.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    p.add_argument("--r", type=int, default=8)
    p.add_argument("--batch-size", type=int, default=16)
    p.add_argument("--steps", type=int, default=6)
    p.add_argument("--warmup", type=int, default=2)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--gradient-checkpointing", action="store_true")
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    rows = [json.loads(line) for line in open(a.rows, encoding="utf-8")][:a.batch_size * a.steps]
    assert len(rows) == a.batch_size * a.steps, f"only {len(rows)} rows"
    clock = Clock()
    trainer = t.Trainer(
        model=load(a), train_dataset=rows, data_collator=lambda batch: collate(batch, 0), callbacks=[clock],
        args=t.TrainingArguments(
            output_dir="peer-out", per_device_train_batch_size=a.batch_size, max_steps=a.steps, learning_rate=1e-4,
            weight_decay=0.01, logging_steps=1, save_strategy="no", report_to=[], disable_tqdm=True, seed=1,
            bf16=a.precision == "bf16", use_cpu=True, gradient_checkpointing=a.gradient_checkpointing,
            remove_unused_columns=False))
    trainer._get_train_sampler = lambda *x, **k: torch.utils.data.SequentialSampler(rows)
    trainer.train()
    seconds = clock.stamps[-1] - clock.stamps[a.warmup - 1]
    tokens = sum(len(row["input_ids"]) for row in rows[a.warmup * a.batch_size:])
    print(json.dumps(dict(
        peer=f"transformers {t.__version__} peft {peft.__version__}", method=a.method, precision=a.precision,
        seconds=round(seconds, 3), tokens_per_s=round(tokens / seconds, 1), losses=clock.losses,
        peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)))


if __name__ == "__main__":
    main()
