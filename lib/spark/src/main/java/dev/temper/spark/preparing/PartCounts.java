package dev.temper.spark.preparing;

import dev.temper.spark.preparing.PreparedManifest.Length;
import dev.temper.spark.preparing.PreparedManifest.Part;
import dev.temper.spark.preparing.PreparedManifest.Tokens;
import dev.temper.spark.preparing.PreparedRow.Split;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Counts of the rows that one task wrote, or several tasks together. They are returned as results of tasks, because an
 * accumulator counts a task that ran twice twice.
 */
final class PartCounts implements Serializable {
    private static final long serialVersionUID = 1L;
    private static final int EXAMPLES = 100; // per reason

    private final List<Part> files = new ArrayList<>();
    private final List<Part> rejectedFiles = new ArrayList<>();
    private final EnumMap<Split, Long> rows = new EnumMap<>(Split.class);
    private final EnumMap<Split, Tokens> tokens = new EnumMap<>(Split.class);
    private final TreeMap<String, Long> reasons = new TreeMap<>();
    private final TreeMap<String, List<RejectedRow>> examples = new TreeMap<>();
    // histogram of token counts, by the bits of the count less one
    private final long[] lengths = new long[Integer.SIZE + 1];
    private long cut;
    private long shortened;
    private long smallestHash = Long.MAX_VALUE; // of the rows to train on

    void add(Split split, int count, int trained) {
        rows.merge(split, 1L, Long::sum);
        tokens.merge(split, new Tokens(count, trained), Tokens::plus);
    }

    void addLength(int fullLength) {
        lengths[bits(fullLength)]++;
    }

    void addCut() {
        cut++;
    }

    void addShortened() {
        shortened++;
    }

    void addSplitHash(long hash) {
        smallestHash = Math.min(smallestHash, hash);
    }

    void reject(RejectedRow row) {
        reasons.merge(row.reason(), 1L, Long::sum);
        List<RejectedRow> some = examples.computeIfAbsent(row.reason(), absent -> new ArrayList<>());
        if (some.size() < EXAMPLES) {
            some.add(row);
        }
    }

    void wrote(Part file) {
        files.add(file);
    }

    void wroteRejected(Part file) {
        rejectedFiles.add(file);
    }

    /** Adds the counts of the parts that follow this one. */
    PartCounts plus(PartCounts next) {
        files.addAll(next.files);
        rejectedFiles.addAll(next.rejectedFiles);
        next.rows.forEach((split, count) -> rows.merge(split, count, Long::sum));
        next.tokens.forEach((split, count) -> tokens.merge(split, count, Tokens::plus));
        next.reasons.forEach((reason, count) -> reasons.merge(reason, count, Long::sum));
        next.examples.forEach((reason, more) -> {
            List<RejectedRow> some = examples.computeIfAbsent(reason, absent -> new ArrayList<>());
            some.addAll(more.subList(0, Math.min(more.size(), EXAMPLES - some.size())));
        });
        for (int i = 0; i < lengths.length; i++) {
            lengths[i] += next.lengths[i];
        }
        cut += next.cut;
        shortened += next.shortened;
        smallestHash = Math.min(smallestHash, next.smallestHash);
        return this;
    }

    RowCounts rows() {
        long trained = rows.getOrDefault(Split.TRAIN, 0L);
        long evaluated = rows.getOrDefault(Split.EVAL, 0L);
        long rejected = reasons.values().stream().mapToLong(Long::longValue).sum();
        return new RowCounts(trained + evaluated + rejected, trained, evaluated, new HashMap<>(reasons));
    }

    long smallestHash() {
        return smallestHash;
    }

    List<Part> files() {
        return List.copyOf(files);
    }

    List<Part> rejectedFiles() {
        return List.copyOf(rejectedFiles);
    }

    /** A few rejected rows for each reason. */
    List<RejectedRow> examples() {
        return examples.values().stream().flatMap(List::stream).toList();
    }

    PreparedManifest manifest(String key, long leftOut) {
        List<Length> histogram = new ArrayList<>();
        for (int bits = 0; bits < lengths.length; bits++) {
            if (lengths[bits] > 0) {
                histogram.add(new Length(1L << bits, lengths[bits]));
            }
        }
        Map<Split, Tokens> all = tokens;
        return new PreparedManifest(
                PreparedManifest.VERSION,
                key,
                files(),
                rejectedFiles(),
                rows(),
                leftOut,
                all.getOrDefault(Split.TRAIN, new Tokens(0, 0)),
                all.getOrDefault(Split.EVAL, new Tokens(0, 0)),
                cut,
                shortened,
                histogram,
                examples());
    }

    private static int bits(int length) {
        return Integer.SIZE - Integer.numberOfLeadingZeros(Math.max(length, 1) - 1);
    }
}
