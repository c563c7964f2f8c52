package dev.temper.text;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Well-known chat templates that a recipe can select by name, for bases without a template. */
public final class NamedTemplates {
    /** Templates that end an answer with the tokenizer's own end token, so they suit any base. */
    private static final List<String> PLAIN = List.of("zephyr", "alpaca", "vicuna", "llama2", "mistral");
    /** Templates that require their own special tokens in the vocabulary. */
    private static final List<String> SPECIAL = List.of("chatml", "llama3", "phi3", "gemma");

    private NamedTemplates() {}

    /** All names; the first template suits any base with an end token. */
    public static List<String> names() {
        return Stream.concat(PLAIN.stream(), SPECIAL.stream()).toList();
    }

    /** The text of a template; empty if there is none of this name. */
    public static Optional<String> find(String name) {
        return names().contains(name) ? Optional.of(read(name)) : Optional.empty();
    }

    private static String read(String name) {
        try (InputStream in = NamedTemplates.class.getResourceAsStream("templates/" + name + ".jinja")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // it is a resource of the program
        }
    }
}
