package dev.temper.jobs;

import static dev.temper.jobs.Damage.config;
import static dev.temper.jobs.Damage.data;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** What {@link BadInputTest} tries with files that somebody made to do harm. */
final class HostileFiles {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String LINK = " is a link out of its folder, to ";
    private static final String INDEX = "model.safetensors.index.json";

    private HostileFiles() {}

    /** Links, pipes, and names that lead elsewhere. */
    static Stream<Mistake> places() {
        return Stream.of(
                new Mistake("config is a link", link("config.json"), "@/base/config.json" + LINK),
                new Mistake("weights are a link", link("model.safetensors"), "@/base/model.safetensors" + LINK),
                new Mistake("tokenizer is a link", link("tokenizer.json"), "@/base/tokenizer.json" + LINK),
                new Mistake(
                        "templates are a link",
                        folder -> {
                            Files.writeString(folder.resolve("secret.jinja"), "{{ 1 }}");
                            Files.createSymbolicLink(folder.resolve("base/additional_chat_templates"), folder);
                        },
                        "@/base/additional_chat_templates/secret.jinja" + LINK),
                new Mistake(
                        "generation config is a link",
                        link("generation_config.json"),
                        "@/base/generation_config.json" + LINK),
                new Mistake(
                        "a file that would be copied into the output is a link",
                        folder -> Files.createSymbolicLink(
                                folder.resolve("base/merges.txt"), folder.resolve("train.csv")),
                        "@/base/merges.txt" + LINK),
                new Mistake("config is a pipe", pipe("config.json"), "@/base/config.json is no file: a folder, a pipe"),
                new Mistake(
                        "weights are a pipe",
                        pipe("model.safetensors"),
                        "@/base/model.safetensors is no file: a folder, a pipe or a device is not read"),
                new Mistake("tokenizer is a pipe", pipe("tokenizer.json"), "@/base/tokenizer.json is no file"),
                shard("../train.csv"),
                shard("/etc/passwd"),
                shard("sub/x.safetensors"),
                shard(""),
                new Mistake(
                        "card of the data is a pipe",
                        folder -> {
                            Files.createDirectory(folder.resolve("more"));
                            Files.copy(folder.resolve("train.csv"), folder.resolve("more/a.csv"));
                            makePipe(folder.resolve("more/README.md"));
                        },
                        "@/more/README.md is no file: a folder, a pipe or a device is not read",
                        "data.train=@/more"));
    }

    /** Numbers that ask for endless work or memory. */
    static Stream<Mistake> sizes() {
        return Stream.of(
                size("num_hidden_layers", 2_000_000_000, "layers must be between 1 and 2000, got 2000000000"),
                size("hidden_size", 2_000_000_000, "the width must be between 1 and 1048576, got 2000000000"),
                size("vocab_size", 2_000_000_000, "the vocabulary must be between 1 and 134217728, got 2000000000"),
                size("vocab_size", -5, "the vocabulary must be between 1 and 134217728, got -5"),
                size(
                        "intermediate_size",
                        2_000_000_000,
                        "the width of the feed-forward must be between 1 and 16777216"),
                size("max_position_embeddings", 2_000_000_000, "the positions must be between 1 and 134217728"),
                new Mistake(
                        "head_dim",
                        config(fields -> fields.put("head_dim", 1 << 20)),
                        "config.json: 4 heads of size 1048576 are wider than the 1048576 that a model may be"),
                new Mistake(
                        "layers that the weights lack",
                        config(fields -> fields.put("num_hidden_layers", 2000)),
                        "@/base: the tensor model.layers.4."));
    }

    /** Files that are large, deep, or ask for much. */
    static Stream<Mistake> contents() {
        return Stream.of(
                new Mistake(
                        "config without end",
                        folder -> grow(folder.resolve("base/config.json")),
                        "@/base/config.json has more than 16,777,216 bytes, the most that such a file may have: is it"
                                + " one?"),
                new Mistake(
                        "tokenizer without end",
                        folder -> grow(folder.resolve("base/tokenizer.json")),
                        "@/base/tokenizer.json has more than 67,108,864 bytes"),
                new Mistake(
                        "nesting without end",
                        folder -> Files.writeString(
                                folder.resolve("base/config.json"), "{\"a\":" + "[".repeat(5_000_000)),
                        "@/base/config.json is damaged: it is not JSON"),
                new Mistake(
                        "a header of gigabytes",
                        folder -> grow(Damage.weights(folder), 0, 0, 0, 0, 1, 0, 0, 0),
                        "@/base/model.safetensors is damaged: its header cannot be 4294967296 bytes long"),
                new Mistake(
                        "token id",
                        tokenizer(tree -> ((ObjectNode) tree.at("/model/vocab")).put("zzz", 2_000_000_000)),
                        "tokenizer.json: the id of 'zzz' must be between 0 and 16777216, got 2000000000"),
                new Mistake(
                        "a pattern with too many ways",
                        tokenizer(tree -> tree.putObject("pre_tokenizer")
                                .put("type", "Split")
                                .put("behavior", "Isolated")
                                .put("invert", false)
                                .putObject("pattern")
                                .put("Regex", "(a+)+$")),
                        "@/base/tokenizer.json: texts cannot be split by (a+)+$: it has a repetition of what may match"
                                + " in several ways; name another tokenizer"),
                new Mistake(
                        "recipe without end",
                        folder -> Files.writeString(folder.resolve("recipe.yaml"), "a: b\n".repeat(6 << 20)),
                        "the recipe @/recipe.yaml has more than 1 MiB: is it one?"),
                new Mistake(
                        "recipe of aliases",
                        folder -> Files.writeString(
                                folder.resolve("recipe.yaml"), "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"),
                        "@/recipe.yaml, line 2: the alias *a is not read in a recipe; write its value out"),
                new Mistake(
                        "nested recipe",
                        folder -> Files.writeString(folder.resolve("recipe.yaml"), "model: " + "[".repeat(100_000)),
                        "@/recipe.yaml, line 1"));
    }

    /** A row that is never tokenized. */
    static Stream<Mistake> rows() {
        return Stream.of(new Mistake(
                "a row that is too long",
                data("prompt,completion\na,b\nc," + "d".repeat(2000) + "\ne,f\n"),
                "data: 1 of 3 rows are rejected, more than data.max_rejected_fraction 0.01 allows:"
                        + " too_many_characters 1"
                        + " (row 2 of @/train.csv: more than 1,000 characters, the most of data.max_characters)",
                "data.max_characters=1000"));
    }

    private static Mistake size(String field, int value, String says) {
        return new Mistake(field + " " + value, config(fields -> fields.put(field, value)), "config.json: " + says);
    }

    private static Mistake shard(String name) {
        Damage damage = folder -> {
            Files.move(Damage.weights(folder), folder.resolve("base/moved"));
            ObjectNode index = JSON.createObjectNode();
            index.putObject("weight_map").put("model.norm.weight", name);
            Files.writeString(folder.resolve("base").resolve(INDEX), index.toString());
        };
        return new Mistake(
                "shard '" + name + "'",
                damage,
                "@/base/" + INDEX + " names the file '" + name + "', which is no name of a file beside it");
    }

    private static Damage link(String name) {
        return folder -> {
            Path outside = Files.move(folder.resolve("base").resolve(name), folder.resolve("outside"));
            Files.createSymbolicLink(folder.resolve("base").resolve(name), outside);
        };
    }

    private static Damage pipe(String name) {
        return folder -> {
            Files.delete(folder.resolve("base").resolve(name));
            makePipe(folder.resolve("base").resolve(name));
        };
    }

    private static void makePipe(Path pipe) throws IOException {
        try {
            new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    private static Damage tokenizer(Consumer<ObjectNode> change) {
        return folder -> {
            Path file = folder.resolve("base/tokenizer.json");
            ObjectNode tree = (ObjectNode) JSON.readTree(file.toFile());
            change.accept(tree);
            Files.writeString(file, tree.toString());
        };
    }

    /** Ten gigabytes that take no room. */
    private static void grow(Path file, int... firstBytes) throws IOException {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            for (int b : firstBytes) {
                open.write(b);
            }
            open.setLength(10L << 30);
        }
    }
}
