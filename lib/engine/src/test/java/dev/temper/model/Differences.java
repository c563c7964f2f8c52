package dev.temper.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * How far a model is from what a reference computes. The largest difference of each kind is kept, and written to
 * {@code target/differences.tsv} when the process ends: docs/families.md is made of it by lib/bench/families.py.
 *
 * @param subject a golden model, or an adapter as {@code llama/dora}
 */
public record Differences(String subject) {
    private static final Map<String, Double> LARGEST = new TreeMap<>();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(Differences::write));
    }

    public static Differences of(String subject) {
        return new Differences(subject);
    }

    /** Asserts that a difference is below the limit. */
    public void check(String what, double difference, double limit) {
        assertThat(difference).as("%s of %s", what, subject).isLessThan(limit);
        synchronized (LARGEST) {
            LARGEST.merge(subject + "\t" + what, difference, Math::max);
        }
    }

    /** As {@link #check}, of values of different sizes. */
    public void checkRelative(String what, double actual, double expected, double limit) {
        check(what, Math.abs(actual - expected) / Math.abs(expected), limit);
    }

    /** As {@link #check}, element by element. */
    public void check(String what, float[] actual, float[] expected, double limit) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < actual.length; i++) {
            check(what, Math.abs(actual[i] - expected[i]), limit);
        }
    }

    private static void write() {
        StringBuilder table = new StringBuilder();
        synchronized (LARGEST) {
            LARGEST.forEach((key, value) -> table.append(String.format(Locale.ROOT, "%s\t%.1e%n", key, value)));
        }
        try {
            Files.writeString(Path.of("target", "differences.tsv"), table);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
