#!/usr/bin/env python3
"""Has pyarrow, pandas, polars, DuckDB and datasets write files, and reads them with `temper preview --json`.

    read_files.py [--only NAME,...] [--temper COMMAND] [--work FOLDER]

Run it with a Python that has pyarrow, pandas, polars, duckdb, datasets and zstandard (tried with 26.0, 3.1, 2.1, 2.0, 5.2
and 0.25). COMMAND is the launcher, by default deploy/temper. Of each case the texts of the rows, or their classes, must
be those that were written, or the command must end with 2 and the sentence; of the layouts the files that are trained on
must be those of datasets.load_dataset. Exit code 0 when all of it is so. Takes ten seconds a case.
"""
import argparse
import bz2
import datetime
import decimal
import gzip
import json
import lzma
import pathlib
import shutil
import subprocess
import sys

import datasets
import duckdb
import numpy
import pandas
import polars
import pyarrow
import pyarrow.parquet
import zstandard

ROOT = pathlib.Path(__file__).resolve().parents[3]
TEXTS = ["a first row", "a second one"]
LABELS = ["no", "yes", "maybe"]
CASES = {}
LAYOUTS = [
    "poems-train.jsonl poems-test.jsonl", "set_train/a.jsonl set_test/a.jsonl", "training.jsonl evaluation.jsonl more.jsonl",
    "data/train-00000-of-00001.jsonl data/test-00000-of-00001.jsonl data/other.jsonl",
    "test/train.jsonl train/test.jsonl", "README.md parts/1.jsonl parts/2.jsonl held.jsonl",
]
CARD = "---\nconfigs:\n- config_name: x\n  data_files:\n  - {split: train, path: 'parts/*'}\n  - {split: test, path: held.jsonl}\n---\n"


def case(expected, name=None, **data):
    """Registers a writer of files into a folder; it may return the path that the recipe names, otherwise it is the folder."""
    def register(write):
        CASES[name or write.__name__] = (write, expected, data)
        return write
    return register


def table(**columns):
    return pyarrow.table({"text": TEXTS, **columns})


def unused(kind, values):
    def write(folder):
        pyarrow.parquet.write_table(table(other=pyarrow.array(values, kind)), folder / "x.parquet")
    case(TEXTS, "unused " + str(kind))(write)


TIME = datetime.datetime(2024, 2, 3, 4, 5, 6)
for kind, values in {
        pyarrow.timestamp("ns"): [TIME, None], pyarrow.time64("ns"): [datetime.time(1), None],
        pyarrow.duration("us"): [3, 4], pyarrow.float16(): numpy.array([1, 2], dtype=numpy.float16),
        pyarrow.decimal256(70, 3): [decimal.Decimal("1.5"), None], pyarrow.uint64(): [2 ** 64 - 1, 0],
        pyarrow.null(): [None, None], pyarrow.list_(pyarrow.null()): [[], [None]],
        pyarrow.binary(3): [b"abc", None], pyarrow.map_(pyarrow.int32(), pyarrow.string()): [[(1, "x")], []]}.items():
    unused(kind, values)


@case(TEXTS)
def pandas_frame(folder):
    frame = pandas.DataFrame({"text": TEXTS, "when": pandas.to_datetime(["2024-01-01", None]), "none": [None, None],
                              "kind": pandas.Categorical(["x", "y"]), "n": pandas.array([1, None], dtype="Int8")})
    frame.to_parquet(folder / "x.parquet")


@case(TEXTS)
def polars_frame(folder):
    frame = polars.DataFrame({"text": TEXTS, "none": [None, None], "time": [datetime.time(3), None]})
    frame.with_columns(polars.lit(1, polars.Int128).alias("huge")).write_parquet(folder / "x.parquet")


@case(TEXTS)
def duckdb_table(folder):
    rows = ", ".join(f"('{text}')" for text in TEXTS)
    duckdb.sql(f"copy (select text, uuid() u, interval 1 day i, 1::hugeint h, time '10:00' t, NULL n, '{{}}'::json j"
               f" from (values {rows}) v(text)) to '{folder}/x.parquet'")


for codec in ["gzip", "zstd", "lz4", "none"]:
    case(TEXTS, "codec " + codec)(
        lambda folder, codec=codec: pyarrow.parquet.write_table(table(), folder / "x.parquet", compression=codec))


@case("column text is compressed with BROTLI, which is not read")
def codec_brotli(folder):
    pyarrow.parquet.write_table(table(), folder / "x.parquet", compression="brotli")


@case(TEXTS)
def pages_of_version_2(folder):
    pyarrow.parquet.write_table(table(), folder / "x.parquet", data_page_version="2.0", use_dictionary=False,
                                column_encoding={"text": "DELTA_BYTE_ARRAY"}, write_page_checksum=True)


@case(TEXTS)
def upper_and_lower_case(folder):
    pyarrow.parquet.write_table(table(Text=["X", "Y"], TEXT=[1, 2]), folder / "x.parquet")


@case(sorted(TEXTS * 4))
def shards_of_other_types(folder):
    for i, kind in enumerate([pyarrow.string(), pyarrow.large_string(), pyarrow.string_view(),
                              pyarrow.dictionary(pyarrow.int8(), pyarrow.string())]):
        column = pyarrow.array(TEXTS, pyarrow.string()).cast(kind) if i < 3 else pyarrow.array(TEXTS).dictionary_encode()
        columns = {"text": column, "n": pyarrow.array([1, 2], [pyarrow.int8(), pyarrow.uint32()][i % 2])}
        names = sorted(columns, reverse=bool(i % 2))
        pyarrow.parquet.write_table(pyarrow.table({n: columns[n] for n in names}), folder / f"{i}.parquet")


@case("rejected", "a shard of nulls")
def shard_of_nulls(folder):
    pyarrow.parquet.write_table(table(), folder / "1.parquet")
    pyarrow.parquet.write_table(pyarrow.table({"text": pyarrow.nulls(3)}), folder / "2.parquet")


@case(TEXTS)
def colon_in_the_name(folder):
    pyarrow.parquet.write_table(table(), folder / "2024-01-01T10:00:00.parquet")
    return "*T10:*.parquet"


CLASSES = dict(format="classification", chat_template="auto", task="sequence_classification")
for kind in ["float64", "float32", "int8", "uint64", "bool", "Int64"]:
    case(["no", "yes"], "label " + kind, **CLASSES)(lambda folder, kind=kind: pandas.DataFrame(
        {"text": TEXTS, "label": pandas.Series([0, 1]).astype(kind)}).to_parquet(folder / "x.parquet"))


@case(["no", "maybe"], **CLASSES)
def label_of_a_csv_of_floats(folder):
    pandas.DataFrame({"text": TEXTS, "label": [0.0, 2.0]}).to_csv(folder / "x.csv")


@case(["no", "maybe"], **CLASSES)
def label_of_json_of_floats(folder):
    pandas.DataFrame({"text": TEXTS, "label": [0.5, 2.5]}).eval("label = label - 0.5").to_json(
        folder / "x.jsonl", orient="records", lines=True, double_precision=1)
    (folder / "x.jsonl").write_text("".join(json.dumps({"text": t, "label": float(x)}) + "\n" for t, x in zip(TEXTS, [0, 2])))


@case("datasets.load_from_disk(")
def save_to_disk(folder):
    datasets.Dataset.from_dict({"text": TEXTS}).save_to_disk(folder / "x")
    return "x"


@case("['train'].to_parquet('train.parquet')")
def save_to_disk_with_splits(folder):
    datasets.DatasetDict(train=datasets.Dataset.from_dict({"text": TEXTS})).save_to_disk(folder / "x")
    return "x"


@case("x.json is one object with its rows in the list data")
def rows_in_an_object(folder):
    (folder / "x.json").write_text(json.dumps({"data": [{"text": text} for text in TEXTS]}, indent=1))


LINES = [json.dumps({"text": text}).encode() + b"\n" for text in TEXTS]
PACK = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstandard.ZstdCompressor().compress}
for ending, pack in PACK.items():
    for name in ["x.jsonl." + ending, "X.JSONL." + ending.upper()]:
        case(TEXTS, "two parts " + name)(
            lambda folder, pack=pack, name=name: (folder / name).write_bytes(b"".join(map(pack, LINES))) * 0)
    case("is no whole", "second part cut " + ending)(
        lambda folder, pack=pack, ending=ending: (folder / ("x.jsonl." + ending)).write_bytes(
            pack(LINES[0]) + pack(LINES[1])[:-3]) * 0)


@case(TEXTS)
def zeros_between(folder):
    (folder / "x.jsonl.gz").write_bytes(bytes(700).join(map(gzip.compress, LINES)) + bytes(1000))


def preview(args, work, location, data):
    task = data.pop("task", None)
    recipe = {"model": {"base": str(ROOT / "conf/quickstart/base")},
              "data": {"train": str(location), "format": "text", "chat_template": "none", **data}, "output": str(work / "out")}
    if task:
        recipe["model"].update(task=task, labels=LABELS)
    (work / "recipe.yaml").write_text(json.dumps(recipe))
    command = args.temper.split() + ["preview", str(work / "recipe.yaml"), "--rows", "100", "--json"]
    result = subprocess.run(command, capture_output=True, text=True)
    shutil.rmtree(work / "out", ignore_errors=True)
    return result


def said(result):
    return " ".join(line for line in result.stderr.splitlines() if line.startswith("temper:"))


def found(result, is_classes):
    if result.returncode:
        return result.returncode, said(result)
    shown = json.loads(result.stdout.splitlines()[-1])
    if shown["refused"]:
        return 2, f"rejected {shown['counts']}"
    if is_classes:
        return 0, [row["label"] for row in shown["rows"]]
    return 0, sorted("".join(token["text"] for token in row["tokens"][1:-1]) for row in shown["rows"])


def check_case(args, name, work):
    write, expected, data = CASES[name]
    folder = work / "data"
    folder.mkdir()
    location = write(folder)
    result = preview(args, work, folder / location if location else folder, dict(data))
    code, seen = found(result, "task" in data)
    right = (code == 2 and expected in seen) if isinstance(expected, str) else (code == 0 and seen == expected)
    return right, f"{code} {seen}"


def check_layout(args, layout, work):
    folder = work / "data"
    for name in layout.split():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(CARD if name == "README.md" else json.dumps({"text": name}) + "\n")
    theirs = {}
    for split in ["train", "test"]:
        theirs[split] = sorted(datasets.load_dataset(str(folder), split=split, cache_dir=str(work / "cache"))["text"])
    result = preview(args, work, folder, {"eval": str(folder)})
    if result.returncode:
        return False, said(result)
    files = json.loads(result.stdout.splitlines()[-1])["files"]
    ours = {split: [str(pathlib.Path(file).relative_to(folder)) for file in files[key]]
            for split, key in [("train", "train"), ("test", "eval")]}
    return ours == theirs, f"{ours}, datasets {theirs}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="parts of names")
    parser.add_argument("--temper", default=str(ROOT / "deploy/temper"))
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("read-files"))
    args = parser.parse_args()
    wanted = [part for part in args.only.split(",") if part]
    checks = [(name, check_case) for name in CASES] + [(layout, check_layout) for layout in LAYOUTS]
    wrong = 0
    for name, check in checks:
        if wanted and not any(part in name for part in wanted):
            continue
        work = args.work.resolve()
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        right, seen = check(args, name, work)
        wrong += not right
        print("right" if right else "WRONG", name, "" if right else seen, flush=True)
    print(f"{wrong} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
