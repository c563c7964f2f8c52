#!/usr/bin/env python3
"""Compares a loss and every gradient of it with PyTorch's, for a tiny model of every family.

    gradients.py [--only NAME,...] [--work FOLDER]

Run it with a Python that has transformers and PEFT, 4 or 5; lib/bench is built (mvn package). Each family gets random
weights, saved by transformers, with and without a head of its own, and rows that contain the padding token. Compared are
a plain pass, one with label smoothing by transformers' LabelSmoother, and one with NEFTune's noise: transformers' own hook
adds it, and its random numbers are replaced by ours, which are computed here again. Rows are passed one by one, as nothing
is padded in Temper. An embedding that is trained whole beside an adapter, and a low-rank update of one, are compared with
PEFT's. Fails above 1e-5 of the loss or 1e-4 of a tensor's largest gradient.
"""
import argparse
import json
import math
import pathlib
import subprocess
import sys

import numpy
import safetensors.numpy
import torch
import transformers
from transformers.trainer_pt_utils import LabelSmoother

from every_family import BENCH, FAMILIES, java

try:
    from transformers.integrations.neftune import neftune_post_forward_hook
except ImportError:
    from transformers.trainer_utils import neftune_post_forward_hook

VOCABULARY = 61
PAD = 5
SMOOTHING = 0.15
ALPHA = 5.0
STILL = dict.fromkeys(["attn_pdrop", "embd_pdrop", "resid_pdrop", "hidden_dropout_prob", "attention_probs_dropout_prob",
                       "dropout", "attention_dropout", "seq_classif_dropout"], 0.0)
KINDS = {"plain": {}, "smoothed": {"label_smoothing": SMOOTHING}, "noisy": {"noise_alpha": ALPHA}}
MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15


def mix(value):
    z = (value + GOLDEN) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def java_hash(text):
    h = 0
    for character in text:
        h = (31 * h + ord(character)) & 0xFFFFFFFF
    return h - (1 << 32) if h >> 31 else h


def units(row, width):
    """What Temper draws for a row, (tokens, width), in -1 to 1."""
    salt = mix(java_hash("noise") & MASK)
    draws = numpy.zeros((len(row["ids"]), (width + 3) // 4 * 4))
    for token in range(len(row["ids"])):
        own = mix(mix((row["key"] + token) & MASK) ^ salt)
        for word in range((width + 3) // 4):
            h = mix((own + (word - 1) * GOLDEN) & MASK)
            draws[token, 4 * word:4 * word + 4] = numpy.frombuffer(numpy.uint64(h).tobytes(), dtype="<i2")
    return torch.tensor((draws[:, :width] + 0.5) / 32768, dtype=torch.float32)


def make_rows():
    random = numpy.random.default_rng(11)
    rows = []
    for number in range(6):
        ids = random.integers(6, VOCABULARY, 3 + 2 * number).tolist()
        ids[number % len(ids)] = PAD
        ids[-1] = PAD if number % 2 else ids[-1]
        learned = [0] + random.integers(0, 2, len(ids) - 2).tolist() + [1]
        key = mix(number)
        signed = key - (1 << 64) if key >> 63 else key
        rows.append(dict(ids=ids, learned=learned, label=number % 3, key=signed))
    return rows


def make_model(name, task, tied, folder):
    kind, settings, _ = FAMILIES[name]
    known = kind().to_dict()
    still = {key: value for key, value in STILL.items() if key in known}
    config = kind(vocab_size=VOCABULARY, **{**settings, **still, "pad_token_id": PAD, "tie_word_embeddings": tied,
                                            "num_labels": 3})
    config._attn_implementation = "eager"
    torch.manual_seed(7)
    auto = (transformers.AutoModelForCausalLM if task == "causal"
            else transformers.AutoModelForSequenceClassification)
    model = auto.from_config(config).float().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))  # that of the padding token, too
    model.save_pretrained(folder)
    return model


def labels_of(row, task):
    if task == "classify":
        return torch.tensor([row["label"]])
    return torch.tensor([[token if learned else -100 for token, learned in zip(row["ids"], row["learned"])]])


def counted(row, task):
    return 1 if task == "classify" else sum(row["learned"])


def pass_over(model, rows, task, kind):
    """The mean loss, and its gradients by name."""
    model.zero_grad()
    embeddings = model.get_input_embeddings()
    total = sum(counted(row, task) for row in rows)
    smoother = LabelSmoother(epsilon=kind.get("label_smoothing", 0.0))
    hook = None
    usual = torch.Tensor.uniform_
    if "noise_alpha" in kind:
        embeddings.train()  # the hook looks at it
        embeddings.neftune_noise_alpha = kind["noise_alpha"]
        hook = embeddings.register_forward_hook(neftune_post_forward_hook)
    mean = 0.0
    try:
        for row in rows:
            width = model.config.hidden_size
            torch.Tensor.uniform_ = lambda self, low, high: self.copy_(units(row, width)[None] * high)
            outputs = model(input_ids=torch.tensor([row["ids"]]))
            loss = smoother(outputs, labels_of(row, task), shift_labels=task == "causal") * counted(row, task) / total
            loss.backward()
            mean += loss.item()
    finally:
        torch.Tensor.uniform_ = usual
        if hook:
            hook.remove()
            embeddings.eval()
    return mean, {name: p.grad.numpy() for name, p in model.named_parameters() if p.grad is not None}


def compare(expected, gradients, work, folder, adapter=()):
    """What is wrong, in words; nothing when all is well."""
    command = java("dev.temper.bench.WriteGradients", folder, *adapter, "--pass", work / "pass.json", "--out", work / "out")
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        return run.stderr.strip().splitlines()[0]
    loss = float(run.stdout.split()[-1])
    if not math.isclose(loss, expected, rel_tol=1e-5):
        return f"loss {loss}, expected {expected}"
    found = safetensors.numpy.load_file(work / "out" / "gradients.safetensors")
    if missing := set(found) ^ set(gradients):
        return f"gradients of one side alone: {sorted(missing)}"
    for name, gradient in gradients.items():
        worst = numpy.abs(found[name] - gradient).max() / max(1.0, numpy.abs(gradient).max())
        if worst > 1e-4:
            return f"{name}: off by {worst:.1e}"
        WORST.append(worst)
    return None


WORST = []


def check(model, rows, task, work, folder):
    problems = []
    for name, kind in KINDS.items():
        if name == "noisy" and model.config.model_type == "gemma2" and transformers.__version__.startswith("4."):
            continue  # 4 adds it before the embeddings are scaled; here as in 5, and as both do for Gemma 3
        expected, gradients = pass_over(model, rows, task, kind)
        (work / "pass.json").write_text(json.dumps({"rows": rows, **kind}))
        problems += [f"{name}: {problem}" for problem in [compare(expected, gradients, work, folder)] if problem]
    return problems


def check_adapter(rows, work, **adapted):
    """PEFT's copy of an embedding, and its update of one, have its padding_idx."""
    import peft

    model = make_model("llama", "causal", False, work / "base")
    config = peft.LoraConfig(r=3, task_type="CAUSAL_LM", init_lora_weights=False, **adapted)
    model = peft.get_peft_model(model, config).eval()
    model.save_pretrained(work / "adapter")
    expected, gradients = pass_over(model, rows, "causal", {})
    saved = {name.replace(".modules_to_save.default", "").replace(".default", ""): value
             for name, value in gradients.items()}
    (work / "pass.json").write_text(json.dumps({"rows": rows}))
    problem = compare(expected, saved, work, work / "base", ["--adapter", work / "adapter"])
    return [problem] if problem else []


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--only", default=",".join([*FAMILIES, "adapter"]))
    p.add_argument("--work", type=pathlib.Path, default=BENCH / "target" / "gradients")
    a = p.parse_args()
    rows = make_rows()
    failed = 0
    for name in a.only.split(","):
        work = a.work.resolve() / name
        work.mkdir(parents=True, exist_ok=True)
        if name == "adapter":
            cases = {
                "embed_tokens trained whole": lambda: check_adapter(
                    rows, work, target_modules=["q_proj"], modules_to_save=["embed_tokens"]),
                "an update of embed_tokens": lambda: check_adapter(rows, work, target_modules=["q_proj", "embed_tokens"]),
            }
        else:
            cases = {}
            for task in FAMILIES[name][2].split():
                for tied in ([True, False] if task == "causal" and name != "gpt_neo" else [True]):
                    cases[f"{task}, {'tied' if tied else 'untied'}"] = lambda task=task, tied=tied: check(
                        make_model(name, task, tied, work / "base"), rows, task, work, work / "base")
        for case, run in cases.items():
            problems = run()
            failed += len(problems)
            print(f"{name}, {case}: " + ("; ".join(problems) if problems else "the same"), flush=True)
    print(f"transformers {transformers.__version__}: {failed} differ; the largest difference of the others is"
          f" {max(WORST, default=0):.1e}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
