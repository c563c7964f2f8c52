#!/usr/bin/env python3
"""Our named chat templates beside FastChat's: three questions and answers, with and without a system message, and a question.

    P4 named_templates.py CONVERSATION_PY        the table; 1 when something differs that should not

P4 is a Python with transformers, which renders ours; CONVERSATION_PY is fastchat/conversation.py of github.com/lm-sys/FastChat.
It writes no token that begins a text but Llama 3's, as its tokenizers do. Two of the same name are another's: mistral (ours is
Mistral's own, with a space before [INST]) and alpaca (ours is Stanford's, with line ends after headings). Where Llama 2's and
Gemma's own templates take spaces around a text away, or Zephyr's writes no system message, ours follow these, not FastChat.
"""
import importlib.util
import sys
from pathlib import Path

from transformers.utils.chat_template_utils import _compile_jinja_template

TEMPLATES = Path(__file__).resolve().parents[3] / "lib/text/src/main/resources/dev/temper/text/templates"
THEIRS = {"vicuna": "vicuna_v1.1", "zephyr": "zephyr", "llama2": "llama-2", "llama3": "llama-3", "gemma": "gemma",
          "mistral": "mistral", "alpaca": "alpaca"}
BEGIN = {"llama3": "<|begin_of_text|>", "gemma": "<bos>"}
OTHERS = {"mistral", "alpaca"}
TRIMMED = {"llama2", "llama3", "gemma"}
TURNS = [("Where to?", "North."), ("Why\nnot south?", "Fish: 3 | 4"), ("When?", "At dawn, \u6f22 \U0001f642")]


def theirs(module, name, system, asked):
    conversation = module.get_conv_template(THEIRS[name])
    conversation.set_system_message(system)
    for question, answer in asked:
        conversation.append_message(conversation.roles[0], question)
        conversation.append_message(conversation.roles[1], answer)
    text = conversation.get_prompt()
    if name == "llama2":  # the token that begins each pair stands behind the one before
        text = "<s>" + (text[: -len("<s>")] if text.endswith("<s>") else text)
    if name == "gemma" and not text.startswith("<bos>"):
        text = "<bos>" + text
    return text


def ours(name, system, asked):
    messages = [{"role": "system", "content": system}] if system else []
    for question, answer in asked:
        messages.append({"role": "user", "content": question})
        if answer is not None:
            messages.append({"role": "assistant", "content": answer})
    template = _compile_jinja_template((TEMPLATES / f"{name}.jinja").read_text())
    begin = "<s>" if name == "llama2" else BEGIN.get(name, "")
    return template.render(messages=messages, bos_token=begin, eos_token="</s>", add_generation_prompt=asked[-1][1] is None)


def main():
    spec = importlib.util.spec_from_file_location("conversation", sys.argv[1])
    module = importlib.util.module_from_spec(spec)
    sys.modules["conversation"] = module
    spec.loader.exec_module(module)
    wrong = 0
    for name in THEIRS:
        for system in ["Speak as a gull.", ""]:
            for asked in [TURNS, TURNS[:2] + [("When?", None)], [(" spaces ", "\n around ")]]:
                if name == "vicuna" and not system:
                    continue  # FastChat begins with a space where there is no system message, which its own never lack
                if name == "gemma" and system or name == "zephyr" and not system:
                    continue  # FastChat writes none, or one that is empty
                if name in TRIMMED and asked[0][0] == " spaces ":
                    continue
                a, b = ours(name, system, asked), theirs(module, name, system, asked)
                same = a == b
                if not same:
                    print(f"{name}{' (another of the same name)' if name in OTHERS else ''}: {len(asked)} turns, "
                          f"{'with' if system else 'no'} system\n  ours   {a!r}\n  theirs {b!r}")
                wrong += not same and name not in OTHERS
        print(name, "compared")
    print(wrong, "differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
