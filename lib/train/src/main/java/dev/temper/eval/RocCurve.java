package dev.temper.eval;

import java.util.Arrays;

/**
 * ROC curve of one class against the rest, as scikit-learn's {@code roc_curve} with {@code drop_intermediate=True}:
 * from the highest score down, without collinear points, and starting with a threshold that no score reaches.
 */
final class RocCurve {
    private final double[] thresholds;
    private final double[] falsePositiveRates;
    private final double[] truePositiveRates;
    private final double area;

    private RocCurve(double[] thresholds, double[] falsePositiveRates, double[] truePositiveRates, double area) {
        this.thresholds = thresholds;
        this.falsePositiveRates = falsePositiveRates;
        this.truePositiveRates = truePositiveRates;
        this.area = area;
    }

    /**
     * The curve of one class: positives are the rows of class {@code positive}, scores its column of
     * {@code probabilities}.
     */
    static RocCurve of(int positive, int[] actual, double[][] probabilities) {
        double[] positives = new double[actual.length];
        double[] negatives = new double[actual.length];
        int numPositives = 0;
        int numNegatives = 0;
        for (int row = 0; row < actual.length; row++) {
            double score = probabilities[row][positive];
            if (actual[row] == positive) {
                positives[numPositives++] = score;
            } else {
                negatives[numNegatives++] = score;
            }
        }
        return of(Arrays.copyOf(positives, numPositives), Arrays.copyOf(negatives, numNegatives));
    }

    /** Sorts two arrays of doubles and merges them, which for a million rows is far cheaper than boxed pairs. */
    private static RocCurve of(double[] positives, double[] negatives) {
        if (positives.length == 0 || negatives.length == 0) {
            return new RocCurve(new double[0], new double[0], new double[0], Double.NaN);
        }
        Arrays.sort(positives);
        Arrays.sort(negatives);
        double[] thresholds = new double[positives.length + negatives.length];
        int[] falsePositives = new int[thresholds.length];
        int[] truePositives = new int[thresholds.length];
        int size = 0;
        int p = 0;
        int n = 0;
        long doubleArea = 0;
        while (p < positives.length || n < negatives.length) {
            double threshold = Math.max(fromTop(positives, p), fromTop(negatives, n));
            int above = p;
            int left = n;
            while (fromTop(positives, p) == threshold) {
                p++;
            }
            while (fromTop(negatives, n) == threshold) {
                n++;
            }
            doubleArea += (n - left) * ((long) p + above);
            thresholds[size] = threshold;
            falsePositives[size] = n;
            truePositives[size++] = p;
        }
        double area = doubleArea / 2.0 / positives.length / negatives.length;
        return corners(thresholds, falsePositives, truePositives, size, area);
    }

    /** The {@code index}-th largest value of an ascending array; less than any value when there are fewer. */
    private static double fromTop(double[] ascending, int index) {
        return index < ascending.length ? ascending[ascending.length - 1 - index] : Double.NEGATIVE_INFINITY;
    }

    private static RocCurve corners(
            double[] thresholds, int[] falsePositives, int[] truePositives, int size, double area) {
        double[] kept = new double[size + 1];
        double[] falseRates = new double[size + 1];
        double[] trueRates = new double[size + 1];
        kept[0] = Double.POSITIVE_INFINITY;
        int points = 1;
        for (int i = 0; i < size; i++) {
            if (i == 0 || i == size - 1 || turns(falsePositives, i) || turns(truePositives, i)) {
                kept[points] = thresholds[i];
                falseRates[points] = (double) falsePositives[i] / falsePositives[size - 1];
                trueRates[points++] = (double) truePositives[i] / truePositives[size - 1];
            }
        }
        return new RocCurve(
                Arrays.copyOf(kept, points), Arrays.copyOf(falseRates, points), Arrays.copyOf(trueRates, points), area);
    }

    private static boolean turns(int[] counts, int i) {
        return counts[i + 1] - counts[i] != counts[i] - counts[i - 1];
    }

    /** Number of points; 0 when one of both sides has no rows. */
    int points() {
        return thresholds.length;
    }

    RocPoint point(int index, String label) {
        return new RocPoint(label, thresholds[index], falsePositiveRates[index], truePositiveRates[index]);
    }

    /** Area under the curve; {@code NaN} when one of both sides has no rows. */
    double area() {
        return area;
    }
}
