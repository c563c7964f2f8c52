package dev.temper.eval;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * Scores of a model that says which of several labels a text has, each with the value that scikit-learn gives it with
 * {@code zero_division=0}.
 */
public final class MultiLabelReport {
    /** A label is predicted where its probability is above it. */
    public static final double THRESHOLD = 0.5;

    private final int numRows;
    private final List<PerLabel> perLabel;
    private final Map<String, Double> scores;

    private MultiLabelReport(int numRows, List<PerLabel> perLabel, Map<String, Double> scores) {
        this.numRows = numRows;
        this.perLabel = List.copyOf(perLabel);
        this.scores = Collections.unmodifiableMap(scores);
    }

    /**
     * How well one label is found.
     *
     * @param support rows that have it
     * @param predicted rows that are said to have it
     */
    public record PerLabel(String label, double precision, double recall, double f1, long support, long predicted) {
        private static PerLabel of(String label, long hits, long support, long predicted) {
            return new PerLabel(
                    label,
                    ratio(hits, predicted),
                    ratio(hits, support),
                    ratio(2 * hits, support + predicted),
                    support,
                    predicted);
        }
    }

    /**
     * @param labels their names, by index
     * @param actual (rows, labels) whether a row has a label
     * @param probabilities (rows, labels)
     */
    public static MultiLabelReport of(List<String> labels, boolean[][] actual, double[][] probabilities) {
        require(!labels.isEmpty(), "no labels to score");
        require(actual.length > 0, "no rows to score");
        require(actual.length == probabilities.length, actual.length + " rows, but probabilities of another number");
        long[] hits = new long[labels.size()];
        long[] support = new long[labels.size()];
        long[] predicted = new long[labels.size()];
        int exact = 0;
        for (int row = 0; row < actual.length; row++) {
            boolean isExact = true;
            for (int label = 0; label < labels.size(); label++) {
                boolean has = actual[row][label];
                boolean says = isPredicted(probabilities[row][label]);
                support[label] += has ? 1 : 0;
                predicted[label] += says ? 1 : 0;
                hits[label] += has && says ? 1 : 0;
                isExact &= has == says;
            }
            exact += isExact ? 1 : 0;
        }
        List<PerLabel> each = IntStream.range(0, labels.size())
                .mapToObj(i -> PerLabel.of(labels.get(i), hits[i], support[i], predicted[i]))
                .toList();
        PerLabel together = PerLabel.of("", sum(hits), sum(support), sum(predicted));
        Map<String, Double> scores = new LinkedHashMap<>();
        scores.put("subset_accuracy", (double) exact / actual.length);
        put(scores, "precision", PerLabel::precision, together, each);
        put(scores, "recall", PerLabel::recall, together, each);
        put(scores, "f1", PerLabel::f1, together, each);
        return new MultiLabelReport(actual.length, each, scores);
    }

    public static boolean isPredicted(double probability) {
        return probability > THRESHOLD;
    }

    private static void put(
            Map<String, Double> scores,
            String name,
            ToDoubleFunction<PerLabel> score,
            PerLabel together,
            List<PerLabel> each) {
        double weighted = each.stream()
                .mapToDouble(one -> score.applyAsDouble(one) * one.support())
                .sum();
        scores.put(name + "_micro", score.applyAsDouble(together));
        scores.put(name + "_macro", each.stream().mapToDouble(score).average().orElseThrow());
        scores.put(name + "_weighted", together.support() == 0 ? 0 : weighted / together.support());
    }

    private static long sum(long[] counts) {
        return Arrays.stream(counts).sum();
    }

    private static double ratio(long part, long whole) {
        return whole == 0 ? 0 : (double) part / whole;
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new IllegalArgumentException(message);
        }
    }

    public int numRows() {
        return numRows;
    }

    /**
     * Scores by name, always in the same order: the share of the rows whose labels are all right, then precision,
     * recall and F1 of all labels together ({@code micro}), as the mean of the labels' ({@code macro}), and as that
     * mean weighted by how many rows have a label ({@code weighted}). Where nothing is there or nothing is predicted
     * they are 0.
     */
    public Map<String, Double> scores() {
        return scores;
    }

    public List<PerLabel> perLabel() {
        return perLabel;
    }
}
