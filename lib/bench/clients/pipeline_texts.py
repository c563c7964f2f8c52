#!/usr/bin/env python3
"""Whether our continuations are those of transformers' text-generation pipeline: 50 prompts on each of 11 tokenizers.

    P4 pipeline_texts.py make VOCABULARIES WORK         a tiny model of random weights for each tokenizer
    P4 pipeline_texts.py texts WORK; P5 pipeline_texts.py texts WORK          what the pipelines of both versions give
    java … dev.temper.bench.WriteTexts WORK/models --prompts WORK/prompts.json --max-new-tokens 24 --out WORK/ours.json
    P4 pipeline_texts.py compare WORK                   the table; 1 when something differs that should not
    P4 pipeline_texts.py golden WORK FILE.json.gz       what the test of lib/text reads

P4 and P5 are Pythons with transformers 4.57 and 5.24 and torch. VOCABULARIES holds folders such as `gpt2` or `llama2` with
tokenizer.json and, where there are some, tokenizer_config.json and special_tokens_map.json. Ours must be 4.57's text with
clean_up_tokenization_spaces=False, alone and behind its prompt, and what is streamed the same byte for byte. By default 4.57
removes spaces before punctuation. 5.24 decodes an answer alone: there the first space may be missing, `##` be left, or a
byte that the prompt's last character changes; of Llama's vocabularies it also makes other tokens of some prompts.
"""
import gzip
import json
import os
import re
import shutil
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

CLASSES = {
    "bert_base_cased": "BertTokenizer", "bert_base_uncased": "BertTokenizer", "distilbert_base_uncased": "DistilBertTokenizer",
    "gpt2": "GPT2Tokenizer", "gpt_neo": "GPT2Tokenizer", "llama2": "LlamaTokenizer", "llama3": "PreTrainedTokenizerFast",
    "mistral_v1": "LlamaTokenizer", "phi3_mini": "LlamaTokenizer", "qwen2.5": "Qwen2Tokenizer", "roberta_base": "RobertaTokenizer",
}
TOKENS = 24
PROMPTS = [
    "Once", "Once upon a time", "Once upon a time ", "  Two spaces before", "A line\n", "Two\n\nlines", "tab\tbetween", "a", "A", "I",
    "The price is 3", "3.14159", "1,000,000 and", "x = [1, 2", "def f(a, b):\n    return", "{\"key\": ", "<b>bold</b>", "a@b.example",
    "Don't", "we'll see , won't we", "“Quoted”", "'single'", "Wait...", "What?!", "end.", "end. ", "semi; colon:", "(open", "dash—dash",
    "naïve café", "Straße", "Ελληνικά", "русский язык", "日本語の", "中文字", "한국어", "العربية", "עברית", "हिन्दी", "ไทย",
    "🙂", "Smile 🙂", "👩‍👩‍👧 family", "e\u0301 combined", "\u00a0hard space", "½ and ¼", "\u2581piece", "<0x41> byte", "x" * 40,
    "UPPER lower Title",
]


def write(path, value):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(json.dumps(value, ensure_ascii=False, indent=1))


def read(path):
    return json.loads(Path(path).read_text())


def make(vocabularies, work):
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    write(work / "prompts.json", PROMPTS)
    for name, kind in CLASSES.items():
        source, target = vocabularies / name, work / "models" / name
        target.mkdir(parents=True, exist_ok=True)
        config = read(source / "tokenizer_config.json") if (source / "tokenizer_config.json").exists() else {}
        config["tokenizer_class"] = kind
        config.pop("chat_template", None)
        for file in ("tokenizer.json", "special_tokens_map.json"):
            if (source / file).exists():
                shutil.copy(source / file, target / file)
        write(target / "tokenizer_config.json", config)
        tokenizer = AutoTokenizer.from_pretrained(target)
        torch.manual_seed(7)
        model = LlamaForCausalLM(LlamaConfig(
            vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=4,
            max_position_embeddings=512, bos_token_id=None, eos_token_id=None, pad_token_id=None))
        for parameter in model.parameters():
            if parameter.dim() > 1:
                torch.nn.init.normal_(parameter, std=0.5)
        with torch.no_grad():  # words, bytes of characters and special tokens are common
            spelled = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
            special = set(tokenizer.all_special_ids)
            common = [i for i, token in enumerate(spelled) if re.match("<0x|▁|[\\x00-\u0200]$", token) or i in special]
            model.lm_head.weight[common] *= 1.3
        model.save_pretrained(target)
        (target / "generation_config.json").unlink(missing_ok=True)


def texts(work):
    import torch
    import transformers
    from transformers.pipelines.text_generation import ReturnType

    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    out = {}
    for folder in sorted((work / "models").iterdir()):
        pipe = transformers.pipeline("text-generation", model=str(folder), device="cpu", dtype=torch.float32)
        rows = out[folder.name] = []
        for prompt in read(work / "prompts.json"):
            inputs = pipe.preprocess(prompt)
            asked = inputs["input_ids"][0].tolist()
            made = pipe.forward(inputs, max_new_tokens=TOKENS, do_sample=False, eos_token_id=pipe.tokenizer.eos_token_id)
            text = lambda kind, **more: pipe.postprocess(dict(made), return_type=kind, **more)[0]["generated_text"]  # noqa: E731
            rows.append({
                "prompt": asked, "answer": made["generated_sequence"][0, 0].tolist()[len(asked):],
                "new": text(ReturnType.NEW_TEXT, clean_up_tokenization_spaces=False),
                "full": text(ReturnType.FULL_TEXT, clean_up_tokenization_spaces=False),
                "default": text(ReturnType.NEW_TEXT),
            })
    write(work / f"texts{transformers.__version__.split('.')[0]}.json", out)


def beside5(own, old, new):
    """What 5.24's text is beside ours."""
    if new["prompt"] != old["prompt"] or new["answer"] != old["answer"]:
        return "other tokens"
    if own == new["new"]:
        return "same"
    if own == " " + new["new"]:
        return "no space"
    if new["new"] == "##" + own:
        return "##"
    return "bytes" if "\ufffd" in own and own.lstrip("\ufffd") == new["new"].lstrip("\ufffd") else "FAULT"


def compare(work):
    prompts, ours, four, five = read(work / "prompts.json"), read(work / "ours.json"), read(work / "texts4.json"), read(work / "texts5.json")
    kinds = ["same", "no space", "##", "bytes", "other tokens", "FAULT"]
    columns = ["new", "full", "streamed", "cleaned", *kinds]
    print(f"{len(prompts)} prompts; as 4.57 alone, behind the prompt, streamed; what 4.57 cleans by default; beside 5.24\n")
    print(" " * 24 + "".join(f"{column:>13}" for column in columns))
    totals, wanted = dict.fromkeys(columns, 0), 0
    for name in sorted(four):
        counts = dict.fromkeys(columns, 0)
        for prompt, own, old, new in zip(prompts, ours[name], four[name], five[name]):
            counts["new"] += own["text"] == old["new"]
            counts["full"] += prompt + own["text"] == old["full"]
            counts["streamed"] += own["streamed"] == own["text"]
            counts["cleaned"] += old["default"] != old["new"]
            counts[beside5(own["text"], old, new)] += 1
        wanted += len(prompts)
        totals = {column: totals[column] + counts[column] for column in columns}
        print(f"{name:24}" + "".join(f"{counts[column]:13}" for column in columns))
    print(f"{'all':24}" + "".join(f"{totals[column]:13}" for column in columns))
    return 1 if totals["FAULT"] or any(totals[column] != wanted for column in ("new", "full", "streamed")) else 0


def golden(work, target):
    rows = {name: [{"answer": row["answer"], "new": row["new"]} for row in rows] for name, rows in read(work / "texts4.json").items()}
    value = {"transformers": "4.57.1", "prompts": read(work / "prompts.json"), "texts": rows}
    with gzip.GzipFile(target, "wb", mtime=0) as file:
        file.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


if __name__ == "__main__":
    command, *places = sys.argv[1:]
    sys.exit({"make": make, "texts": texts, "compare": compare, "golden": golden}[command](*map(Path, places)))
