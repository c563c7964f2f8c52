#!/usr/bin/env python3
"""Compares docs/from-trainer.md with the libraries that are installed: every argument of TrainingArguments and SFTConfig
has its row, with the default that their source has. Reads source alone, imports neither.

    VENV/bin/python lib/bench/clients/trainer_defaults.py
"""
import ast
import importlib.util
import pathlib
import sys

PAGE = pathlib.Path(__file__).resolve().parents[3] / "docs/from-trainer.md"


def fields(package, file, name):
    """Of a dataclass: its own fields with their defaults, as they stand in the source."""
    folder = pathlib.Path(importlib.util.find_spec(package).submodule_search_locations[0])
    body = next(n.body for n in ast.parse((folder / file).read_text()).body if getattr(n, "name", "") == name)
    found = {}
    for statement in body:
        if not isinstance(statement, ast.AnnAssign) or statement.value is None:
            continue
        value = statement.value
        default = ast.unparse(value)
        if isinstance(value, ast.Call):
            given = {k.arg: ast.unparse(k.value) for k in value.keywords}
            default = given.get("default", "factory " + given.get("default_factory", ""))
        found[statement.target.id] = default
    return found


def rows(section):
    text = PAGE.read_text().split(f"\n## {section}\n")[1].split("\n## ")[0]
    cells = [[c.strip() for c in line.split("|")] for line in text.splitlines() if line.startswith("| `")]
    return {row[1].strip("`"): row[2].strip("`") for row in cells}


def main():
    wrong = []
    for section, expected in [
        ("TrainingArguments", fields("transformers", "training_args.py", "TrainingArguments")),
        ("SFTConfig", fields("trl", "trainer/sft_config.py", "SFTConfig")),
    ]:
        written = rows(section)
        for name in sorted(set(expected) | set(written)):
            if expected.get(name) != written.get(name):
                wrong.append(f"{section}.{name}: {expected.get(name)} there, {written.get(name)} in the page")
        print(f"{section}: {len(expected)} arguments, {len(written)} rows")
    print("\n".join(wrong) or "the same")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
