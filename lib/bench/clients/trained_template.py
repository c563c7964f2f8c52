#!/usr/bin/env python3
"""Whether transformers asks a trained model as it was trained: the base's template with its variables, the output's with none.

    PYTHON trained_template.py BASE OUTPUT '{"enable_thinking": false}'        1 when something differs

PYTHON has transformers, 4 or 5. BASE is a folder with a chat template, OUTPUT the adapter/ or model/ of a run over it with
that data.chat_template_kwargs, or a merged model. Both are rendered for conversations with and without a system message and
tools; and a variable that the caller gives must count in both.
"""
import json
import sys

from transformers import AutoTokenizer

TOOLS = [{"type": "function", "function": {"name": "tide", "description": "When it is high.", "parameters": {
    "type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]}}}]
USER, ANSWER = {"role": "user", "content": "Where to?"}, {"role": "assistant", "content": "<think>\nhm\n</think>\n\nNorth."}
CONVERSATIONS = [[USER], [USER, ANSWER], [USER, ANSWER, {"role": "user", "content": "Why?"}],
                 [{"role": "system", "content": "Speak as a gull."}, USER]]


def rendered(tokenizer, **variables):
    texts = []
    for messages in CONVERSATIONS:
        for tools in (None, TOOLS):
            for asks in (False, True):
                try:
                    texts.append(tokenizer.apply_chat_template(
                        messages, tools=tools, add_generation_prompt=asks, tokenize=False, **variables))
                except Exception as e:  # what the template refuses it must refuse in both
                    texts.append(type(e).__name__)
    return texts


def main():
    base, output = AutoTokenizer.from_pretrained(sys.argv[1]), AutoTokenizer.from_pretrained(sys.argv[2])
    variables = json.loads(sys.argv[3])
    trained, asked = rendered(base, **variables), rendered(output)
    same = sum(a == b for a, b in zip(trained, asked))
    heard = sum(a != b for a, b in zip(trained, rendered(base)))
    print(f"{same} of {len(trained)} texts as trained; the variables change {heard} of them")
    other = {name: not value for name, value in variables.items() if isinstance(value, bool)}
    given = sum(a == b for a, b in zip(rendered(base, **{**variables, **other}), rendered(output, **other)))
    print(f"{given} of {len(trained)} with the other values of {', '.join(other) or 'nothing'}")
    return 0 if same == given == len(trained) and heard else 1


if __name__ == "__main__":
    sys.exit(main())
