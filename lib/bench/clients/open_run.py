#!/usr/bin/env python3
"""Opens what a run wrote with the libraries that its users have, and compares the logits with ours.

    open_run.py OUTPUT --logits LOGITS.json [--base FOLDER] [--tolerance 1e-4]

OUTPUT is a run's output folder: its model/ is opened with transformers, or its adapter/ with PEFT on top of --base.
A folder that itself holds a model or an adapter will do as well. Three checks, all of which are made and reported:

1. Files. The folder holds the files that transformers or PEFT writes and no others, the weights hold the same tensors
   (names, shapes, dtypes), and an adapter's config holds no foreign fields. What the library would write is found by
   saving again what was opened.
2. Tokens. The folder's tokenizer turns each prompt into the same ids.
3. Logits. Computed here in float32 on the CPU, without a cache, none differs by more than the tolerance.

LOGITS.json is what our side computed, a list of at least one object

    {"prompt": "Date: 3 March 2024 ->", "input_ids": [0, 38, 279], "logits": [[-1.25, 0.5]]}

    prompt      the text, as given to the tokenizer
    input_ids   its tokens, with those that the tokenizer's post-processor adds, without an end token
    logits      a row for each of the last positions, usually one: the scores of all tokens that could follow, as the
                model gives them; the last row belongs to the last position, the one before it to the one before.
                Of a classifier one row, the scores of its classes

Exit code 0: all is equal. 1: something differs, standard error says what. 2: wrong usage or a missing file.
"""
import argparse
import json
import pathlib
import sys
import tempfile

import safetensors
import torch
import transformers

# Written or not, depending on the class of the tokenizer that once saved the base.
TOKENIZER_FILES = set(
    "tokenizer.json tokenizer_config.json special_tokens_map.json added_tokens.json vocab.json merges.txt vocab.txt "
    "tokenizer.model spiece.model chat_template.jinja".split())


def tensors(folder, index, single):
    """Name -> (dtype, shape) of all tensors in a folder's safetensors, and the names of the files that hold them."""
    shards = {single}
    if (folder / index).is_file():
        shards = set(json.loads((folder / index).read_text(encoding="utf-8"))["weight_map"].values())
    found = {}
    for shard in sorted(shards):
        with safetensors.safe_open(folder / shard, framework="pt") as file:
            for name in file.keys():
                part = file.get_slice(name)
                found[name] = (part.get_dtype(), tuple(part.get_shape()))
    return found, shards | ({index} if (folder / index).is_file() else set())


def differences(what, ours, theirs):
    """A line for each name that only one side has or that the two sides describe differently; at most ten."""
    lines = [f"{what} {name}: {ours.get(name, 'missing here')}, expected {theirs.get(name, 'none')}"
             for name in sorted(ours.keys() | theirs.keys()) if ours.get(name) != theirs.get(name)]
    return lines[:10] + ([f"and {len(lines) - 10} more"] if len(lines) > 10 else [])


def file_differences(folder, required, optional):
    present = {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}
    lacking = [f"{folder} lacks {name}" for name in sorted(required - present)]
    foreign = sorted(present - required - optional)
    return lacking + [f"{folder} holds {name}, which the library does not write" for name in foreign]


def kind_of(folder):
    """The class that opens the folder, by its config.json; causal where it does not say."""
    names = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("architectures") or [""]
    classifies = names[0].endswith("ForSequenceClassification")
    return transformers.AutoModelForSequenceClassification if classifies else transformers.AutoModelForCausalLM


def check_model_files(folder):
    kind = kind_of(folder)
    model = kind.from_pretrained(folder, dtype="auto")
    ours, weights = tensors(folder, "model.safetensors.index.json", "model.safetensors")
    with tempfile.TemporaryDirectory() as saved:
        model.save_pretrained(saved, max_shard_size="1000GB")
        theirs, _ = tensors(pathlib.Path(saved), "model.safetensors.index.json", "model.safetensors")
    required = {"config.json", "tokenizer.json", "tokenizer_config.json", "README.md"} | weights
    required |= {"generation_config.json"} if model.can_generate() else set()
    return file_differences(folder, required, TOKENIZER_FILES) + differences("tensor", ours, theirs)


def check_adapter_files(folder, model):
    required = {"adapter_config.json", "tokenizer.json", "tokenizer_config.json", "README.md"}
    ours, weights = tensors(folder, "adapter_model.safetensors.index.json", "adapter_model.safetensors")
    with tempfile.TemporaryDirectory() as saved:
        model.save_pretrained(saved)
        theirs, _ = tensors(pathlib.Path(saved), "adapter_model.safetensors.index.json", "adapter_model.safetensors")
        their_fields = json.loads((pathlib.Path(saved) / "adapter_config.json").read_text(encoding="utf-8"))
    fields = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    foreign = sorted(fields.keys() - their_fields)
    lines = file_differences(folder, required | weights, TOKENIZER_FILES)
    lines += [f"adapter_config.json has {name}, which PEFT does not write" for name in foreign]
    return lines + differences("tensor", ours, theirs)


def open_folder(folder, base, classes):
    """The model in float32, its tokenizer, and what is wrong with the folder's files."""
    if (folder / "adapter_config.json").is_file():
        import peft  # only here: a full model needs no PEFT

        config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
        if config["task_type"] == "SEQ_CLS":
            whole = transformers.AutoModelForSequenceClassification.from_pretrained(
                base, dtype=torch.float32, num_labels=classes)
        else:
            whole = transformers.AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
        model = peft.PeftModel.from_pretrained(whole, folder)
        return model, transformers.AutoTokenizer.from_pretrained(folder), check_adapter_files(folder, model)
    wrong = check_model_files(folder)
    model, info = kind_of(folder).from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    wrong += [f"transformers: {kind} {sorted(names)}" for kind, names in info.items() if names]
    return model, transformers.AutoTokenizer.from_pretrained(folder), wrong


def compare(model, tokenizer, rows, tolerance):
    """Largest difference of any logit, and what is wrong."""
    worst, wrong = 0.0, []
    for row in rows:
        prompt, ids = row["prompt"], tokenizer(row["prompt"])["input_ids"]
        if ids != row["input_ids"]:
            wrong.append(f"tokens of {prompt!r}: ours are {row['input_ids']}, the tokenizer's are {ids}")
            continue
        ours = torch.tensor(row["logits"], dtype=torch.float32)
        with torch.no_grad():
            theirs = model(input_ids=torch.tensor([ids])).logits
            theirs = theirs[0] if theirs.ndim == 3 else theirs
        if ours.ndim != 2 or ours.shape[1] != theirs.shape[1] or not 0 < len(ours) <= len(theirs):
            wrong.append(f"logits of {prompt!r}: shape {tuple(ours.shape)}, expected up to {tuple(theirs.shape)}")
            continue
        difference = (ours - theirs[-len(ours):]).abs().max().item()
        print(f"{difference:.2e}  {prompt!r}")
        worst = worst if difference <= worst else difference  # keeps what is not a number
        if not difference <= tolerance:
            wrong.append(f"logits of {prompt!r} differ by {difference:.2e}, more than {tolerance:.0e}")
    return worst, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--logits", type=pathlib.Path, required=True)
    parser.add_argument("--base", type=pathlib.Path, help="folder of the model that an adapter belongs to")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    options = parser.parse_args()
    folders = [options.output / "model", options.output / "adapter", options.output]
    folder = next((f for f in folders if (f / "config.json").is_file() or (f / "adapter_config.json").is_file()), None)
    if folder is None:
        parser.error(f"{options.output} holds neither a model nor an adapter")
    if (folder / "adapter_config.json").is_file() and not (options.base and (options.base / "config.json").is_file()):
        parser.error(f"{folder} holds an adapter: --base must name the folder of its model")
    if not options.logits.is_file():
        parser.error(f"{options.logits} is missing")
    rows = json.loads(options.logits.read_text(encoding="utf-8"))
    if not rows:
        parser.error(f"{options.logits} holds no prompts")

    model, tokenizer, wrong = open_folder(folder, options.base, len(rows[0]["logits"][0]))
    worst, different = compare(model.eval(), tokenizer, rows, options.tolerance)
    for line in wrong + different:
        print(f"open_run: {line}", file=sys.stderr)
    print(f"{folder}: {len(rows)} prompts, largest difference {worst:.2e}, {len(wrong + different)} complaints")
    sys.exit(1 if wrong or different else 0)


if __name__ == "__main__":
    main()
