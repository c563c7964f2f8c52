package dev.temper.eval;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/** Scores, tables and ROC curves of a classifier. All values are those of scikit-learn with {@code zero_division=0}. */
public final class ClassificationReport {
    /**
     * Probabilities of a float32 softmax sum to 1 within 1e-6; a larger deviation means that they are not
     * probabilities.
     */
    private static final double SUM_TOLERANCE = 1e-3;

    private static final double LOG_LOSS_CLIP = Math.ulp(1.0); // epsilon of float64, as in scikit-learn

    private final List<String> labels;
    private final int numRows;
    private final long[][] confusion; // actual x predicted
    private final List<RocCurve> curves; // one per class
    private final List<PerClass> perClass;
    private final Map<String, Double> scores;

    private ClassificationReport(List<String> labels, long[][] confusion, List<RocCurve> curves, double logLoss) {
        this.labels = labels;
        this.confusion = confusion;
        this.curves = curves;
        this.numRows =
                (int) IntStream.range(0, labels.size()).mapToLong(this::support).sum();
        this.perClass =
                IntStream.range(0, labels.size()).mapToObj(this::measure).toList();
        this.scores = Collections.unmodifiableMap(measureAll(logLoss));
    }

    /**
     * Computes the report.
     *
     * @param labels names of the classes, by index; of two classes the second one is the positive one
     * @param actual class of each row, by index
     * @param probabilities shape (rows, classes), each row sums to 1; not retained
     */
    public static ClassificationReport of(List<String> labels, int[] actual, double[][] probabilities) {
        require(labels.size() > 1, "a classifier has two classes or more");
        require(actual.length > 0, "no rows to score");
        require(actual.length == probabilities.length, actual.length + " rows, but probabilities of another number");
        long[][] confusion = new long[labels.size()][labels.size()];
        double logLoss = 0;
        for (int row = 0; row < actual.length; row++) {
            double[] probability = probabilities[row];
            require(actual[row] >= 0 && actual[row] < labels.size(), "row " + row + ": no class " + actual[row]);
            require(sumsToOne(probability, labels.size()), "row " + row + ": no probabilities that sum to 1");
            confusion[actual[row]][predicted(probability)]++;
            double clipped = Math.min(Math.max(probability[actual[row]], LOG_LOSS_CLIP), 1 - LOG_LOSS_CLIP);
            logLoss -= Math.log(clipped);
        }
        List<RocCurve> curves = IntStream.range(0, labels.size())
                .mapToObj(k -> RocCurve.of(k, actual, probabilities))
                .toList();
        return new ClassificationReport(List.copyOf(labels), confusion, curves, logLoss / actual.length);
    }

    /** Index of the most probable class; of equal ones the first, as numpy's {@code argmax}. */
    public static int predicted(double[] probabilities) {
        int best = 0;
        for (int k = 1; k < probabilities.length; k++) {
            if (probabilities[k] > probabilities[best]) {
                best = k;
            }
        }
        return best;
    }

    private static boolean sumsToOne(double[] probabilities, int size) {
        double sum = 0;
        for (double probability : probabilities) {
            sum += probability >= 0 ? probability : Double.NaN;
        }
        return probabilities.length == size && Math.abs(sum - 1) < SUM_TOLERANCE;
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new IllegalArgumentException(message);
        }
    }

    public List<String> labels() {
        return labels;
    }

    /** Number of rows in the evaluation. */
    public int numRows() {
        return numRows;
    }

    /**
     * Scores by name, in a fixed order. With two classes, {@code precision}, {@code recall}, {@code specificity} and
     * {@code f1} are those of the positive class; with more, they are macro averages. Averages are over the classes
     * that occur among the actual or the predicted ones, as is scikit-learn's default. {@code roc_auc} of more than two
     * classes is the macro average of one-vs-rest ({@code multi_class="ovr"}). Scores that are undefined for these rows
     * are not in the map: AUC when a class has no rows or all rows, specificity when there is only one class.
     */
    public Map<String, Double> scores() {
        return scores;
    }

    /** Counts of rows by actual (first index) and predicted class. */
    public long[][] confusionMatrix() {
        long[][] copy = new long[confusion.length][];
        for (int k = 0; k < copy.length; k++) {
            copy[k] = confusion[k].clone();
        }
        return copy;
    }

    /** Scores of each class against the rest, by index of the class. */
    public List<PerClass> perClass() {
        return perClass;
    }

    /**
     * Points of the one-vs-rest ROC curves of all classes, one curve after the other; with two classes only that of the
     * positive class. A class with no rows or all rows has no curve. May have as many points as there are rows.
     */
    public List<RocPoint> rocCurve() {
        List<RocPoint> points = new ArrayList<>();
        for (int k = isBinary() ? 1 : 0; k < labels.size(); k++) {
            RocCurve curve = curves.get(k);
            for (int i = 0; i < curve.points(); i++) {
                points.add(curve.point(i, labels.get(k)));
            }
        }
        return points;
    }

    private boolean isBinary() {
        return labels.size() == 2;
    }

    private Map<String, Double> measureAll(double logLoss) {
        Map<String, Double> all = new LinkedHashMap<>();
        long correct = IntStream.range(0, labels.size()).mapToLong(this::hits).sum();
        all.put("accuracy", (double) correct / numRows);
        put(all, "precision", headline(PerClass::precision));
        put(all, "recall", headline(PerClass::recall));
        put(all, "specificity", headline(PerClass::specificity));
        put(all, "f1", headline(PerClass::f1));
        put(all, "precision_macro", macro(PerClass::precision));
        put(all, "recall_macro", macro(PerClass::recall));
        put(all, "f1_macro", macro(PerClass::f1));
        put(all, "precision_weighted", weighted(PerClass::precision));
        put(all, "recall_weighted", weighted(PerClass::recall));
        put(all, "f1_weighted", weighted(PerClass::f1));
        all.put("matthews_correlation", matthews(correct));
        all.put("log_loss", logLoss);
        if (isBinary()) {
            put(all, "roc_auc", perClass.get(1).rocAuc());
        } else {
            // Every class counts, also one that neither occurs nor is predicted: its AUC is undefined.
            put(all, "roc_auc", mean(perClass, PerClass::rocAuc));
            put(all, "roc_auc_weighted", weighted(PerClass::rocAuc));
        }
        return all;
    }

    private static void put(Map<String, Double> scores, String name, double value) {
        if (!Double.isNaN(value)) {
            scores.put(name, value);
        }
    }

    private double headline(ToDoubleFunction<PerClass> score) {
        return isBinary() ? score.applyAsDouble(perClass.get(1)) : macro(score);
    }

    private double macro(ToDoubleFunction<PerClass> score) {
        List<PerClass> seen = IntStream.range(0, labels.size())
                .filter(k -> support(k) + predictions(k) > 0)
                .mapToObj(perClass::get)
                .toList();
        return mean(seen, score);
    }

    private static double mean(List<PerClass> classes, ToDoubleFunction<PerClass> score) {
        return classes.stream().mapToDouble(score).sum() / classes.size();
    }

    private double weighted(ToDoubleFunction<PerClass> score) {
        return perClass.stream()
                        .filter(one -> one.support() > 0)
                        .mapToDouble(one -> score.applyAsDouble(one) * one.support())
                        .sum()
                / numRows;
    }

    /** Matthews correlation coefficient for any number of classes (Gorodkin), as in scikit-learn; 0 where undefined. */
    private double matthews(long correct) {
        double rows = numRows;
        double agreement = correct * rows;
        double predictedSpread = rows * rows;
        double actualSpread = rows * rows;
        for (int k = 0; k < labels.size(); k++) {
            double support = support(k);
            double predictions = predictions(k);
            agreement -= support * predictions;
            predictedSpread -= predictions * predictions;
            actualSpread -= support * support;
        }
        double spread = predictedSpread * actualSpread;
        return spread == 0 ? 0 : agreement / Math.sqrt(spread);
    }

    private PerClass measure(int k) {
        long support = support(k);
        long predictions = predictions(k);
        long negatives = numRows - support;
        long trueNegatives = negatives - predictions + hits(k);
        return new PerClass(
                labels.get(k),
                ratio(hits(k), predictions),
                ratio(hits(k), support),
                negatives == 0 ? Double.NaN : (double) trueNegatives / negatives,
                ratio(2 * hits(k), support + predictions),
                curves.get(k).area(),
                support);
    }

    private static double ratio(long part, long whole) {
        return whole == 0 ? 0 : (double) part / whole;
    }

    private long hits(int k) {
        return confusion[k][k];
    }

    private long support(int k) {
        return IntStream.range(0, labels.size())
                .mapToLong(predicted -> confusion[k][predicted])
                .sum();
    }

    private long predictions(int k) {
        return IntStream.range(0, labels.size())
                .mapToLong(actual -> confusion[actual][k])
                .sum();
    }
}
