#!/usr/bin/env python3
"""Makes the quickstart's base model and data: base/, train.csv and eval.csv beside this file.

    python3.11 -m venv venv && venv/bin/pip install torch==2.7.1 transformers==4.57.1 tokenizers==0.22.2
    venv/bin/python conf/quickstart/make.py [--steps 800] [--out conf/quickstart]

Everything is invented here, by fixed seeds; nothing is downloaded. The base is a small Llama that was pretrained on
letters and diaries full of dates, so it continues such text but has never seen the task: to write a date in numbers.

    prompt "Date: Sunday the 3rd of March 2024 ->"   completion " 2024-03-03"

A day of eval.csv occurs neither in train.csv nor in the pretraining text. It takes two minutes on two cores. The CSV
files are the same on every machine; the weights depend on the processor and the version of torch.
"""
import argparse
import csv
import datetime
import math
import pathlib
import random
import time

import tokenizers
import torch
import transformers

DAYS = [datetime.date(1950, 1, 1) + datetime.timedelta(days=n) for n in range(36525)]  # until 2049
TRAIN_ROWS, EVAL_ROWS = 3000, 240
VOCABULARY, CONTEXT = 512, 256
BOS, EOS = "<s>", "</s>"

UNITS = ("first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
         "fifteenth sixteenth seventeenth eighteenth nineteenth").split()
WORDS = UNITS + ["twentieth"] + ["twenty-" + unit for unit in UNITS[:9]] + ["thirtieth", "thirty-first"]
ROMAN = "I II III IV V VI VII VIII IX X XI XII".split()


def ordinal(n):
    return f"{n}{'th' if 10 < n < 14 else {1: 'st', 2: 'nd', 3: 'rd'}.get(n % 10, 'th')}"


# A way to write a date each; the last TASK_ONLY of them do not occur in the pretraining text.
TASK_ONLY = 3
WORDINGS = [
    lambda d: f"{d.day} {d:%B %Y}",
    lambda d: f"the {ordinal(d.day)} of {d:%B %Y}",
    lambda d: f"{d:%B} {ordinal(d.day)}, {d.year}",
    lambda d: f"{d:%b} {d.day}, {d.year}",
    lambda d: f"{d:%A}, {d:%B} {d.day}, {d.year}",
    lambda d: f"{d:%A} the {ordinal(d.day)} of {d:%B %Y}",
    lambda d: f"the {WORDS[d.day - 1]} of {d:%B %Y}",
    lambda d: f"{d:%B} the {WORDS[d.day - 1]}, {d.year}",
    lambda d: f"{d:%a} {d.day} {d:%b %Y}",
    lambda d: f"{d.day}.{d.month}.{d.year}",
    lambda d: f"in {d.year}, on {d:%B} {ordinal(d.day)}",
    lambda d: f"{d.day}. {ROMAN[d.month - 1]}. {d.year}",
]

NAMES = ("Anna Boris Clara David Elsa Felix Greta Hugo Ida Jonas Karin Leo Mira Nils Olga Paul Rosa Simon Tilda "
         "Viktor").split()
PLACES = ("Oslo Vienna Lisbon Dublin Krakow Bergen Athens Geneva Porto Riga Lyon Turin Ghent Bremen Malmo "
          "Seville").split()
WEATHER = "rain snow fog sunshine wind thunder frost drizzle".split()
THINGS = ("a letter,the old clock,two tickets,a basket of apples,the blue coat,my bicycle,a map,some bread,"
          "the piano").split(",")
VERBS = "found sold lost repaired painted carried bought forgot".split()
SENTENCES = [
    "{name} {verb} {thing} in {place} on {date}.",
    "On {date} there was {weather} over {place}.",
    "We met {name} at the station of {place} on {date}.",
    "Since {date} I have lived in {place} with {name}.",
    "{name} was born on {date} in {place}.",
    "There will be a concert in {place} on {date}, and {name} will play.",
    "Your letter of {date} reached me in {place}, thank you.",
    "I {verb} {thing}, and {name} laughed about it.",
    "After the {weather} we walked home with {thing}.",
    "{name} says that {place} is lovely when there is {weather}.",
    "It took {count} hours from {place} to {place2}.",
    "{name} paid {count} crowns for {thing}.",
]
OPENINGS = [
    "{place}, {date}. Dear {name},",
    "Diary of {name}, {date}.",
    "{date}: {weather} all day.",
    "Report from {place}, written {date}.",
    "Minutes of {iso}, present: {name} and {name2}.",
    "Log {iso}, {place}: {weather}.",
]
CLOSINGS = [
    "Yours, {name}",
    "More tomorrow.",
    "Signed in {place}, {date}.",
    "Love from {name} and {name2}",
    "End of log, {iso}.",
]


def document(rng, days):
    """A letter, a diary page or a log. It has few dates, and mentions each in several wordings."""
    dates = rng.sample(days, 2)

    def fill(template):
        date = rng.choice(dates)
        place, place2 = rng.sample(PLACES, 2)
        name, name2 = rng.sample(NAMES, 2)
        return template.format(
            date=rng.choice(WORDINGS[:-TASK_ONLY])(date), iso=date.isoformat(), place=place, place2=place2,
            name=name, name2=name2, weather=rng.choice(WEATHER), thing=rng.choice(THINGS), verb=rng.choice(VERBS),
            count=rng.randint(2, 99))

    body = [fill(rng.choice(SENTENCES)) for _ in range(rng.randint(2, 6))]
    return " ".join([fill(rng.choice(OPENINGS)), *body, fill(rng.choice(CLOSINGS))])


def task_rows(rng, days):
    """One row for each day, the wordings in turn, then shuffled."""
    rows = [(f"Date: {WORDINGS[n % len(WORDINGS)](day)} ->", f" {day.isoformat()}") for n, day in enumerate(days)]
    rng.shuffle(rows)
    return rows


def write_rows(path, rows):
    with open(path, "w", encoding="utf-8", newline="") as out:
        table = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
        table.writerow(["prompt", "completion"])
        table.writerows(rows)


def train_tokenizer(corpus):
    """Byte-level BPE, so that any text comes back exactly; digits stay apart."""
    bpe = tokenizers.Tokenizer(tokenizers.models.BPE())
    bpe.pre_tokenizer = tokenizers.pre_tokenizers.Sequence([
        tokenizers.pre_tokenizers.Digits(individual_digits=True),
        tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)])
    bpe.decoder = tokenizers.decoders.ByteLevel()
    bpe.train_from_iterator(corpus, tokenizers.trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=[BOS, EOS], show_progress=False,
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet()))
    bpe.post_processor = tokenizers.processors.TemplateProcessing(
        single=f"{BOS} $A", pair=f"{BOS} $A {BOS} $B:1", special_tokens=[(BOS, 0), (EOS, 1)])
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=bpe, bos_token=BOS, eos_token=EOS, model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False, model_input_names=["input_ids", "attention_mask"])


def new_model():
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=128, intermediate_size=256, num_hidden_layers=4, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=CONTEXT, rms_norm_eps=1e-5, tie_word_embeddings=True,
        bos_token_id=0, eos_token_id=1, use_cache=True))


def pretrain(model, stream, steps, rng):
    """Plain next-token training on windows of the stream: batch 16, 128 tokens, AdamW, warm-up and cosine."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, betas=(0.9, 0.98), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / 50, 0.05 + 0.475 * (1 + math.cos(math.pi * step / steps))))
    start = time.perf_counter()
    for step in range(1, steps + 1):
        begins = [rng.randrange(len(stream) - 128) for _ in range(16)]
        batch = torch.stack([stream[begin:begin + 128] for begin in begins])
        loss = model(input_ids=batch, labels=batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if step % 50 == 0:
            print(f"step {step} loss {loss.item():.3f} {time.perf_counter() - start:.0f} s", flush=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--steps", type=int, default=800, help="of pretraining")
    arguments.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    options = arguments.parse_args()
    torch.set_num_threads(2)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(7)
    options.out.mkdir(parents=True, exist_ok=True)

    rng = random.Random(7)
    days = DAYS[:]
    rng.shuffle(days)
    held_out, known = days[:EVAL_ROWS], days[EVAL_ROWS:]
    write_rows(options.out / "eval.csv", task_rows(rng, held_out))
    write_rows(options.out / "train.csv", task_rows(rng, known[:TRAIN_ROWS]))

    corpus = [document(rng, known) for _ in range(20000)]
    tokenizer = train_tokenizer(corpus[:5000])
    stream = torch.tensor([i for ids in tokenizer(corpus)["input_ids"] for i in ids + [tokenizer.eos_token_id]])
    model = new_model()
    print(f"{model.num_parameters():,} parameters, {len(stream):,} tokens of text")
    pretrain(model, stream, options.steps, rng)
    model.save_pretrained(options.out / "base")
    tokenizer.save_pretrained(options.out / "base")


if __name__ == "__main__":
    main()
