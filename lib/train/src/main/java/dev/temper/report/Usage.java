package dev.temper.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How a model is found on the Hub and asked, in its card.
 *
 * @param pipeline what it does, by the Hub's name
 * @param tags more of the Hub's names for that
 * @param python an example
 * @param shell an example with {@code temper}
 */
public record Usage(String pipeline, List<String> tags, String python, String shell) {
    /** A tag: the model answers conversations, through the chat template of its folder. */
    public static final String CHAT_TAG = "conversational";

    /**
     * What differs between tasks in the examples.
     *
     * @param loader the class of transformers that opens the model
     * @param loading more arguments of it for a base, as {@code , num_labels=2}
     * @param inputs lines of Python that make {@code inputs} with {@code tokenizer}
     * @param answer lines of Python that ask {@code model}
     * @param command of temper, without folders
     */
    public record Example(
            String pipeline,
            List<String> tags,
            String loader,
            String loading,
            List<String> inputs,
            List<String> answer,
            Command command) {}

    /**
     * A command with folders in the middle.
     *
     * @param verb such as {@code classify}
     * @param ofAdapter options that an adapter alone needs, with a space before each
     * @param options others, with a space before each
     */
    public record Command(String verb, String ofAdapter, String options) {}

    public Usage {
        tags = List.copyOf(tags);
    }

    /** @param base the base model's id on the Hub, where it is known */
    public static Usage of(Example example, ModelCard.Kind kind, Optional<String> base) {
        return new Usage(example.pipeline(), example.tags(), python(example, kind, base), shell(example, kind));
    }

    /** Of any head for whole texts: its logits are shown. */
    public static Example logits(String pipeline, String loader, int labels) {
        return new Example(
                pipeline,
                List.of(),
                loader,
                ", num_labels=" + labels,
                List.of("inputs = tokenizer(\"...\", truncation=True, return_tensors=\"pt\")"),
                List.of("print(model(**inputs).logits[0].tolist())"),
                new Command("classify", "", " --text \"...\""));
    }

    private static String python(Example example, ModelCard.Kind kind, Optional<String> base) {
        String from = Markdown.quoted(base.orElse("path/to/the/base/model"));
        List<String> lines = new ArrayList<>();
        lines.add("from transformers import " + example.loader() + ", AutoTokenizer");
        if (kind == ModelCard.Kind.ADAPTER) {
            lines.add(0, "from peft import PeftModel");
        }
        lines.add("");
        lines.add("tokenizer = AutoTokenizer.from_pretrained(\"path/to/this/folder\")");
        if (kind == ModelCard.Kind.ADAPTER) {
            lines.add("base = " + example.loader() + ".from_pretrained(" + from + example.loading() + ")");
            lines.add("model = PeftModel.from_pretrained(base, \"path/to/this/folder\").eval()");
        } else {
            lines.add("model = " + example.loader() + ".from_pretrained(\"path/to/this/folder\").eval()");
        }
        lines.addAll(example.inputs());
        lines.addAll(example.answer());
        return String.join("\n", lines);
    }

    private static String shell(Example example, ModelCard.Kind kind) {
        boolean isAdapter = kind == ModelCard.Kind.ADAPTER;
        Command command = example.command();
        String asked = command.verb()
                + (isAdapter
                        ? " path/to/the/base/model --adapter path/to/this/folder" + command.ofAdapter()
                        : " path/to/this/folder")
                + command.options();
        String evaluate = isAdapter
                ? "path/to/the/base/model recipe.yaml --adapter path/to/this/folder"
                : "path/to/this/folder recipe.yaml";
        return "temper " + asked + "\ntemper evaluate " + evaluate;
    }

    /** A string of Python. */
    public static String quoted(String text) {
        return Markdown.quoted(text);
    }

    /** A list of strings of Python. */
    public static String quoted(List<String> texts) {
        return Markdown.quoted(texts);
    }

    /** An argument of a shell's command. */
    public static String argument(String text) {
        return Markdown.argument(text);
    }
}
