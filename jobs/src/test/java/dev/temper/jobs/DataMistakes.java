package dev.temper.jobs;

import static dev.temper.jobs.Damage.data;
import static dev.temper.jobs.Mistake.with;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** What {@link BadInputTest} tries with templates and rows. */
final class DataMistakes {
    private DataMistakes() {}

    static Stream<Mistake> templates() {
        String noEnd = "data.chat_template=\"{% for m in messages %}{{ m.role }}: {{ m.content }}. {% endfor %}"
                + "{% if add_generation_prompt %}assistant: {% endif %}\"";
        return Stream.of(
                with(
                        "no template where one is needed",
                        "data.format messages needs a chat template, and the tokenizer of @/base has none: name one in"
                                + " data.chat_template",
                        "data.format=messages",
                        "data.chat_template=auto"),
                with(
                        "template with a mistake",
                        "data.chat_template is no valid template: line 2, column 7: expected an expression",
                        "data.chat_template=\"hello\\n{% if %}\""),
                with(
                        "template that is nowhere",
                        "data.chat_template: @/chat.jinja is no file; write auto, none, one of zephyr, alpaca, vicuna,"
                                + " llama2, mistral, chatml, llama3, phi3, gemma, the text of a template or where one"
                                + " is",
                        "data.chat_template=@/chat.jinja"),
                with(
                        "answers that never end",
                        "data.chat_template: what is learned of an answer ends with ' 2024-03-03. ' and holds none of"
                                + " the tokens that end one (",
                        noEnd),
                with(
                        "a classifier's rows for a language model",
                        "data.format: classification needs model.task: sequence_classification",
                        "data.format=classification"),
                with(
                        "the column of the classes without classes",
                        "model.task: sequence_classification needs the names of the classes as model.labels",
                        "data.format=classification",
                        "model.task=sequence_classification"));
    }

    static Stream<Mistake> rows() {
        return Stream.of(
                new Mistake("header only", data("prompt,completion\n"), "data: @/train.csv has no rows"),
                new Mistake(
                        "missing column",
                        data("prompts,answer\na,b\n"),
                        "data: @/train.csv has no column prompt (prompts?); it has prompts, answer"),
                new Mistake(
                        "too many nulls",
                        data("prompt,completion\na,b\nc,\nd,e\n"),
                        "data: 1 of 3 rows are rejected, more than data.max_rejected_fraction 0.01 allows: null_value 1"
                                + " (row 2 of @/train.csv: null in completion)",
                        "output=@/new/and/deep"),
                new Mistake(
                        "too long",
                        data("prompt,completion\na,b\nc," + "word ".repeat(80) + "\n"),
                        "data: row 2 of @/train.csv has",
                        "data.too_long=fail"),
                new Mistake(
                        "wrong encoding",
                        folder -> Files.write(
                                folder.resolve("train.csv"),
                                "prompt,completion\na,caf\u00e9\n".getBytes(StandardCharsets.ISO_8859_1)),
                        "data: @/train.csv is not UTF-8: line 2 has the byte 0xE9 where none can be; set data.encoding"
                                + " to windows-1252"),
                new Mistake(
                        "ragged row",
                        data("prompt,completion\na,b\na,b,c\n"),
                        "data: row 2 of @/train.csv (up to line 3) has 3 cells and its first line 2: mend it"
                                + " or data.delimiter"),
                new Mistake(
                        "quote never closed",
                        data("prompt,completion\na,b\n\"a,b\nc,d\n"),
                        "data: @/train.csv: a quote in the row that begins in line 3 is never closed"),
                new Mistake(
                        "another header",
                        folder -> {
                            Path more = Files.createDirectory(folder.resolve("more"));
                            Files.writeString(more.resolve("a.csv"), "prompt,completion\na,b\n");
                            Files.writeString(more.resolve("b.csv"), "prompt,answer\na,b\n");
                        },
                        "data: @/more/b.csv has no column completion; it has prompt, answer",
                        "data.train=@/more"),
                new Mistake(
                        "nothing to train on",
                        data("prompt,completion\na,b\n"),
                        "data: no row is left to train on: 1 rows = 0 trained + 1 evaluated + 0 rejected; add rows or"
                                + " lower data.eval_fraction",
                        "data.eval_fraction=0.9999"));
    }
}
