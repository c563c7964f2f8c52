#!/usr/bin/env python3
"""What transformers and scikit-learn make of a regression, of several labels a text, and of pairs of texts.

    objectives.py make [--out FOLDER]      writes the goldens of our tests, below lib/*/src/test/resources/objectives
    objectives.py verify [--out FOLDER]    computes the same with this version, and shows the largest differences
    objectives.py open FOLDER SCORES       opens a folder that we wrote, and compares scores

make wants transformers 4.57.1, torch, tokenizers and scikit-learn; verify a 4 or a 5. All models, words and texts are
made here, by a seed. SCORES has what `temper classify FOLDER --json` printed.

A golden: model/ (config, weights before training, tokenizer) and golden.json: rows as token ids, token types and
target, ten updates (batches of four, padded; loss before the update, gradient norm, learning rate), and the logits of
all rows before and after them. AdamW, linear schedule from 5e-3 without warm-up, weight decay 0, clipping at 1.
"""
import argparse
import json
import pathlib
import random
import sys

LIB = pathlib.Path(__file__).resolve().parents[2]
WORDS = ("the a film play book was is very quite not good bad long short dull funny sad loud calm cheap dear warm cold "
         "old new plot cast end start").split()
LABELS = {"multi_label": ["funny", "sad", "long"], "pairs": ["apart", "alike"]}
ROWS, BATCH, STEPS, LIMIT = 16, 4, 10, 1e-5
OBJECTIVES = {
    "regression": dict(num_labels=1, problem_type="regression"),
    "multi_label": dict(num_labels=3, problem_type="multi_label_classification"),
    "pairs": dict(num_labels=2, problem_type="single_label_classification"),
}


def tokenizer_json(kind):
    """A tokenizer of whole words with the post-processor of a kind of models, as tokenizer.json has it."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    special = {"bert": ["[PAD]", "[UNK]", "[CLS]", "[SEP]"], "roberta": ["<pad>", "<unk>", "<s>", "</s>"],
               "llama": ["<pad>", "<unk>", "<s>", "</s>"], "gpt2": ["<pad>", "<unk>", "<s>", "</s>"],
               "llama3": ["<pad>", "<unk>", "<s>", "</s>"], "template": ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]}[kind]
    vocabulary = {word: i for i, word in enumerate(special + WORDS)}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token=special[1]))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made.add_special_tokens(special)
    first, last = (special[2], 2), (special[3], 3)

    def bos():
        return processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[first])

    made.post_processor = {
        "bert": lambda: processors.BertProcessing(last, first),
        "roberta": lambda: processors.RobertaProcessing(last, first, trim_offsets=True, add_prefix_space=False),
        "template": lambda: processors.TemplateProcessing(
            single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[first, last]),
        "llama": bos,
        "llama3": lambda: processors.Sequence([processors.ByteLevel(trim_offsets=False), bos()]),
        "gpt2": lambda: processors.ByteLevel(trim_offsets=False),
    }[kind]()
    return special, json.loads(made.to_str())


def write_tokenizer(folder, kind):
    special, made = tokenizer_json(kind)
    names = ["input_ids", "token_type_ids", "attention_mask"] if kind == "bert" else ["input_ids", "attention_mask"]
    ends = dict(bos_token=special[2], eos_token=special[3])
    marks = dict(cls_token=special[2], sep_token=special[3])
    config = dict(tokenizer_class="PreTrainedTokenizerFast", pad_token=special[0], unk_token=special[1],
                  model_input_names=names, model_max_length=32, clean_up_tokenization_spaces=False,
                  **(marks if kind == "bert" else ends))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.json").write_text(json.dumps(made) + "\n")
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1) + "\n")


def make_model(family, objective):
    import torch
    import transformers
    torch.manual_seed(hash_of(family, objective))
    common = dict(vocab_size=4 + len(WORDS), hidden_size=16, intermediate_size=24, num_hidden_layers=2,
                  num_attention_heads=2, max_position_embeddings=32, pad_token_id=0, **OBJECTIVES[objective])
    labels = LABELS.get(objective, ["LABEL_0"])
    common.update(id2label=dict(enumerate(labels)), label2id={name: i for i, name in enumerate(labels)})
    if family == "bert":
        config = transformers.BertConfig(hidden_dropout_prob=0, attention_probs_dropout_prob=0, initializer_range=0.3,
                                         **common)
        return transformers.BertForSequenceClassification(config)
    config = transformers.LlamaConfig(num_key_value_heads=1, bos_token_id=2, eos_token_id=3, initializer_range=0.3,
                                      **common)
    return transformers.LlamaForSequenceClassification(config)


def hash_of(*words):
    return sum(ord(c) * (i + 1) for i, c in enumerate("/".join(words)))


def make_rows(objective):
    chance = random.Random(hash_of(objective))
    rows = []
    for _ in range(ROWS):
        text = " ".join(chance.choices(WORDS, k=chance.randint(2, 9)))
        if objective == "regression":
            rows.append(dict(text=text, target=[round(chance.uniform(-2, 2), 3)]))
        elif objective == "multi_label":
            rows.append(dict(text=text, target=[float(chance.random() < 0.4) for _ in LABELS[objective]]))
        else:
            other = " ".join(chance.choices(WORDS, k=chance.randint(1, 9)))
            rows.append(dict(text=text, text_pair=other, target=[float(chance.randint(0, 1))]))
    return rows


def target(objective, rows):
    import torch
    values = [row["target"] for row in rows]
    if objective == "pairs":
        return torch.tensor([int(value[0]) for value in values])
    return torch.tensor([value[0] for value in values] if objective == "regression" else values)


def train(model, tokenizer, objective, rows):
    """Ten updates as Trainer makes them, and what they gave."""
    import torch
    import transformers
    second = [row["text_pair"] for row in rows] if objective == "pairs" else None
    encoded = tokenizer([row["text"] for row in rows], second, truncation=True, max_length=32)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=0)
    schedule = transformers.get_scheduler("linear", optimizer, 0, STEPS)
    steps = []

    def batch(numbers):
        some = {name: [values[i] for i in numbers] for name, values in encoded.items()}
        return tokenizer.pad(some, padding=True, return_tensors="pt")

    def logits():
        model.eval()
        with torch.no_grad():
            found = model(**batch(range(len(rows)))).logits.tolist()
        model.train()
        return found

    before = logits()
    for step in range(STEPS):
        numbers = [(step * BATCH + i) % len(rows) for i in range(BATCH)]
        labels = target(objective, [rows[i] for i in numbers])
        loss = model(**batch(numbers), labels=labels).loss
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        steps.append(dict(rows=numbers, loss=loss.item(), grad_norm=norm.item(), lr=schedule.get_last_lr()[0]))
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    kept = []
    for i, row in enumerate(rows):
        types = encoded["token_type_ids"][i] if "token_type_ids" in encoded else []
        kept.append(dict(row, input_ids=encoded["input_ids"][i], token_type_ids=types))
    return dict(rows=kept, steps=steps, before=before, after=logits())


# --- tokens of pairs --------------------------------------------------------------------------------------------------

def pair_cases():
    """What each kind of tokenizer makes of pairs, cut to several lengths."""
    from transformers import PreTrainedTokenizerFast
    from tokenizers import Tokenizer
    chance = random.Random(7)
    texts = [("the film was good", "bad"), ("good", "the long play was very very dull"), ("a", "b c"),
             ("the film", "the play"), ("one two three four five", "six seven eight nine ten")]
    texts += [(" ".join(chance.choices(WORDS, k=a)), " ".join(chance.choices(WORDS, k=b)))
              for a, b in [(9, 2), (2, 9), (7, 7), (8, 7), (7, 8), (1, 1), (12, 12)]]
    kinds = {}
    for kind in ["bert", "roberta", "template", "llama", "llama3", "gpt2"]:
        special, made = tokenizer_json(kind)
        tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(json.dumps(made)), pad_token=special[0])
        cases = []
        for first, second in texts:
            for length in [32, 13, 12, 9, 8, 6, 5]:
                encoded = tokenizer(first, second, truncation="longest_first", max_length=length,
                                    return_token_type_ids=True)
                cases.append([first, second, length, encoded["input_ids"], encoded["token_type_ids"]])
        kinds[kind] = dict(tokenizer=made, cases=cases)
    return kinds


# --- scores -----------------------------------------------------------------------------------------------------------

def metric_cases():
    import numpy
    import warnings
    from sklearn import metrics
    warnings.simplefilter("ignore")
    chance = numpy.random.default_rng(3)
    regression = {
        "usual": ([3, -0.5, 2, 7], [2.5, 0.0, 2, 8]),
        "random": (chance.normal(size=40).round(6).tolist(), chance.normal(size=40).round(6).tolist()),
        "perfect": ([1, 2, 3], [1, 2, 3]),
        "constant targets": ([2, 2, 2], [1, 2, 3]),
        "constant targets, met": ([2, 2, 2], [2, 2, 2]),
        "one row": ([4], [3]),
        "two rows": ([4, 5], [3, 7]),
        "large": ([1e9, 1e9 + 1, 1e9 + 2], [1e9 + 1, 1e9 + 1, 1e9]),
        "worse than the mean": ([1, 2, 3], [30, -20, 9]),
    }
    found = {"regression": [], "multi_label": []}
    for name, (actual, predicted) in regression.items():
        mse = metrics.mean_squared_error(actual, predicted)
        scores = dict(mse=mse, rmse=metrics.root_mean_squared_error(actual, predicted),
                      mae=metrics.mean_absolute_error(actual, predicted), r2=metrics.r2_score(actual, predicted))
        found["regression"].append(dict(name=name, actual=actual, predicted=predicted, scores=numbers(scores)))
    some = (chance.random((30, 4)) < [0.5, 0.1, 0.9, 0.3]).astype(int)
    multi = {
        "usual": ([[1, 0, 1], [0, 1, 0], [1, 1, 0], [0, 0, 0]], [[.9, .2, .4], [.1, .8, .6], [.7, .3, .2], [.1, .1, .1]]),
        "random": (some.tolist(), chance.random((30, 4)).round(6).tolist()),
        "no positives": ([[0, 0], [0, 0]], [[.9, .1], [.1, .1]]),
        "nothing at all": ([[0, 0], [0, 0]], [[.1, .1], [.2, .1]]),
        "no predictions": ([[1, 0], [1, 1]], [[.4, .1], [.3, .2]]),
        "all right": ([[1, 0], [0, 1]], [[.9, .1], [.3, .7]]),
        "one row": ([[1, 0, 1]], [[.6, .7, .2]]),
        "a label never there": ([[1, 0], [1, 0], [0, 0]], [[.6, .7], [.8, .2], [.9, .3]]),
        "one half is no": ([[1, 1], [0, 1]], [[.5, .500001], [.5, .499999]]),
    }
    for name, (actual, chances) in multi.items():
        truth, guess = numpy.array(actual), (numpy.array(chances) > 0.5).astype(int)
        scores = dict(subset_accuracy=metrics.accuracy_score(truth, guess))
        for average in ["micro", "macro", "weighted"]:
            p, r, f, _ = metrics.precision_recall_fscore_support(truth, guess, average=average, zero_division=0)
            scores.update({"precision_" + average: p, "recall_" + average: r, "f1_" + average: f})
        each = [values.tolist() for values in metrics.precision_recall_fscore_support(truth, guess, zero_division=0)]
        found["multi_label"].append(dict(name=name, actual=actual, probabilities=chances, scores=numbers(scores),
                                         per_label=[list(one) for one in zip(*each)]))
    return found


def numbers(scores):
    """None where a score is undefined."""
    return {name: None if value != value else float(value) for name, value in scores.items()}


# --- commands ---------------------------------------------------------------------------------------------------------

def place(module, out):
    folder = out or LIB / module / "src/test/resources/objectives"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def make(out):
    import transformers
    transformers.logging.set_verbosity_error()
    for objective in OBJECTIVES:
        for family in ["bert", "llama"]:
            folder = place("engine", out) / f"{family}_{objective}"
            model = make_model(family, objective)
            model.save_pretrained(folder / "model")
            (folder / "model" / "model.safetensors").chmod(0o644)
            write_tokenizer(folder / "model", family)
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder / "model")
            result = train(model, tokenizer, objective, make_rows(objective))
            (folder / "golden.json").write_text(one_a_line(result))
    (place("train", out) / "metrics.json").write_text(one_a_line(metric_cases()))
    (place("text", out) / "pairs.json").write_text("{" + ",\n".join(
        f'"{kind}": {one_a_line(found).strip()}' for kind, found in pair_cases().items()) + "}\n")


def one_a_line(result):
    parts = []
    for name, values in result.items():
        listed = isinstance(values, list)
        body = "[\n" + ",\n".join(json.dumps(value) for value in values) + "\n]" if listed else json.dumps(values)
        parts.append(f'"{name}": {body}')
    return "{" + ",\n".join(parts) + "}\n"


def verify(out):
    import transformers
    transformers.logging.set_verbosity_error()
    worst = {}

    def see(what, ours, theirs):
        for a, b in zip(ours, theirs, strict=True):
            worst[what] = max(worst.get(what, 0), abs(a - b) / max(1, abs(b)))

    for objective in OBJECTIVES:
        for family in ["bert", "llama"]:
            folder = place("engine", out) / f"{family}_{objective}"
            model = transformers.AutoModelForSequenceClassification.from_pretrained(folder / "model")
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder / "model")
            known = json.loads((folder / "golden.json").read_text())
            result = train(model, tokenizer, objective, make_rows(objective))
            for name in ["loss", "grad_norm"]:
                see(name, [step[name] for step in result["steps"]], [step[name] for step in known["steps"]])
            for name in ["before", "after"]:
                for ours, theirs in zip(result[name], known[name], strict=True):
                    see("logits " + name, ours, theirs)
            assert result["rows"] == known["rows"], folder
    assert pair_cases() == json.loads((place("text", out) / "pairs.json").read_text()), "tokens of pairs differ"
    assert metric_cases() == json.loads((place("train", out) / "metrics.json").read_text()), "scores differ"
    print(transformers.__version__, {name: f"{value:.1e}" for name, value in worst.items()}, "tokens and scores equal")
    return max(worst.values()) < 100 * LIMIT


def scores(model, encoded):
    import torch
    with torch.no_grad():
        logits = model(**encoded).logits[0]
    kind = model.config.problem_type
    if kind == "regression":
        return {"": logits[0].item()}
    chances = torch.sigmoid(logits) if kind == "multi_label_classification" else torch.softmax(logits, 0)
    return {model.config.id2label[i]: value.item() for i, value in enumerate(chances)}


def open_folder(folder, printed):
    """The rows that `temper classify --json` printed, scored by transformers as its pipeline does."""
    import transformers
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    worst, count = 0.0, 0
    for line in pathlib.Path(printed).read_text().splitlines():
        row = json.loads(line)
        encoded = tokenizer(row["text"], row.get("text_pair"), truncation=True, return_tensors="pt",
                            max_length=model.config.max_position_embeddings)
        for label, theirs in scores(model, encoded).items():
            ours = row["value"] if label == "" else row["probabilities"][label]
            worst, count = max(worst, abs(ours - theirs)), count + 1
    print(f"{transformers.__version__}: {count} scores, the largest difference is {worst:.1e}")
    return count > 0 and worst < LIMIT


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ["make", "verify"]:
        commands.add_parser(name).add_argument("--out", type=pathlib.Path)
    opened = commands.add_parser("open")
    opened.add_argument("folder")
    opened.add_argument("printed")
    given = parser.parse_args()
    if given.command == "make":
        return make(given.out)
    good = verify(given.out) if given.command == "verify" else open_folder(given.folder, given.printed)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
