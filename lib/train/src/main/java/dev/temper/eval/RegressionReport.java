package dev.temper.eval;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** Scores of a model that gives a number, each with the value that scikit-learn gives it. */
public final class RegressionReport {
    private final int numRows;
    private final Map<String, Double> scores;

    private RegressionReport(int numRows, Map<String, Double> scores) {
        this.numRows = numRows;
        this.scores = Collections.unmodifiableMap(scores);
    }

    /**
     * @param actual number of each row
     * @param predicted the same by the model
     */
    public static RegressionReport of(double[] actual, double[] predicted) {
        require(actual.length > 0, "no rows to score");
        require(actual.length == predicted.length, actual.length + " rows, but predictions of another number");
        double mean = 0;
        for (double value : actual) {
            mean += value / actual.length;
        }
        double squares = 0;
        double absolutes = 0;
        double spread = 0;
        for (int row = 0; row < actual.length; row++) {
            double difference = actual[row] - predicted[row];
            squares += difference * difference;
            absolutes += Math.abs(difference);
            spread += (actual[row] - mean) * (actual[row] - mean);
        }
        Map<String, Double> scores = new LinkedHashMap<>();
        scores.put("mse", squares / actual.length);
        scores.put("rmse", Math.sqrt(squares / actual.length));
        scores.put("mae", absolutes / actual.length);
        if (actual.length > 1) {
            scores.put("r2", spread > 0 ? 1 - squares / spread : squares > 0 ? 0 : 1);
        }
        return new RegressionReport(actual.length, scores);
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
     * Scores by name, always in the same order: the mean squared error, its root, the mean absolute error, and the
     * share of the variance that is explained, {@code r2}, which of one row is undefined and not in the map; where all
     * rows have the same number it is 1 if every prediction is right, and 0 else.
     */
    public Map<String, Double> scores() {
        return scores;
    }
}
