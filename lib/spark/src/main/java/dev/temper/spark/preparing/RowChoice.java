package dev.temper.spark.preparing;

import dev.temper.spark.preparing.PreparedRow.Split;
import dev.temper.spark.source.SourceFiles.Use;
import dev.temper.spark.source.Sources;
import dev.temper.storage.Hashes;
import java.io.Serializable;
import java.util.Map;

/**
 * Selects rows and assigns them to splits, as a pure function of the seed and the rows' content: equal rows are never
 * in both splits, and adding rows does not move others. Weights, limits and the split select the rows with the smallest
 * hashes.
 *
 * @param evaluatedUpTo rows whose content hash is at most this are evaluated on; -1: none
 * @param limits for each group, the largest row hash that is selected; groups without an entry have no limit
 */
record RowChoice(long seed, long evaluatedUpTo, Map<String, Long> limits) implements Serializable {
    private static final int DIGITS = 15; // hexadecimal digits: 60 bits

    static RowChoice of(long seed, double evalFraction) {
        return new RowChoice(seed, evalFraction > 0 ? Math.max(below(evalFraction) - 1, 0) : -1, Map.of());
    }

    RowChoice evaluatingUpTo(long hash) {
        return new RowChoice(seed, hash, limits);
    }

    RowChoice limitedTo(Map<String, Long> thresholds) {
        return new RowChoice(seed, evaluatedUpTo, Map.copyOf(thresholds));
    }

    /** Whether the weight of its source selects the row. */
    boolean takes(Sources.Origin origin, String content) {
        return origin.share() >= 1 || hash("weight", content) < below(origin.share());
    }

    Split split(Sources.Origin origin, String content) {
        if (origin.use() == Use.EVAL) {
            return Split.EVAL;
        }
        return evaluatedUpTo >= 0 && splitHash(content) <= evaluatedUpTo ? Split.EVAL : Split.TRAIN;
    }

    /** Whether the limit of its group selects the row. */
    boolean takes(String group, String rowId) {
        Long threshold = limits.get(group);
        return threshold == null || limitHash(rowId) <= threshold;
    }

    long splitHash(String content) {
        return hash("split", content);
    }

    long limitHash(String rowId) {
        return hash("limit", rowId);
    }

    /** The group of a row: rows of one group share a limit. */
    static String group(Split split, String value) {
        return split + " " + value;
    }

    static String rowId(String source, String content, int occurrence) {
        return Hashes.sha256(source + "\n" + content + "\n" + occurrence).substring(0, 32);
    }

    private long hash(String purpose, String text) {
        return Long.parseLong(Hashes.sha256(seed + " " + purpose + " " + text).substring(0, DIGITS), 16);
    }

    private static long below(double share) {
        return (long) (share * (1L << (4 * DIGITS)));
    }
}
