package dev.temper.train.objective;

import dev.temper.eval.ClassificationReport;
import dev.temper.train.config.ClassWeights;
import dev.temper.train.config.TrainingConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Rows whose class is learned. The loss of an update is the sum of its rows' losses, each times the weight of the row's
 * class, divided by the sum of these weights, as torch's {@code CrossEntropyLoss(weight=…)}. It is evaluated without
 * weights, with label smoothing as in transformers' Trainer.
 */
public final class ClassifiedRows extends HeadRows {
    private final List<String> labels;
    private final double[] weights;

    /**
     * @param labels names of the classes, by index
     * @param weights of the classes, by index
     */
    public ClassifiedRows(List<Row> train, List<Row> eval, List<String> labels, double[] weights) {
        super(train, eval, labels.size());
        this.labels = labels;
        this.weights = weights;
    }

    /** With the weights that the settings ask for. */
    public static ClassifiedRows of(List<Row> train, List<Row> eval, List<String> labels, TrainingConfig config) {
        return of(train, eval, labels, ClassWeights.of(config.classWeights()));
    }

    public static ClassifiedRows of(List<Row> train, List<Row> eval, List<String> labels, ClassWeights weights) {
        int[] counts = new int[labels.size()];
        train.forEach(row -> counts[row.label()[0]]++);
        return new ClassifiedRows(train, eval, labels, weights.of(counts));
    }

    /** Of the classes, by index. */
    public double[] weights() {
        return weights.clone();
    }

    @Override
    public List<String> scoreNames() {
        return scoreNames(labels);
    }

    /** The mean loss of the rows, and what {@link ClassificationReport} measures when every class occurs. */
    public static List<String> scoreNames(List<String> labels) {
        return scoreNames(labels, IntStream.range(0, labels.size()).toArray());
    }

    /**
     * The mean loss, and what {@link ClassificationReport} measures on some rows.
     *
     * @param actual class of each row, by index; at least one
     */
    public static List<String> scoreNames(List<String> labels, int[] actual) {
        double[][] certain = new double[actual.length][labels.size()];
        for (int row = 0; row < actual.length; row++) {
            certain[row][actual[row]] = 1;
        }
        List<String> names = new ArrayList<>(List.of("loss"));
        names.addAll(ClassificationReport.of(labels, actual, certain).scores().keySet());
        return names;
    }

    @Override
    protected float[] targets(Row row) {
        return new float[] {row.label()[0]};
    }

    @Override
    protected float weight(Row row) {
        return (float) weights[row.label()[0]];
    }

    @Override
    protected Evaluation evaluate(double[][] logits, double labelSmoothing) {
        double loss = 0;
        boolean isFinite = true;
        List<Evaluation.Prediction> predictions = new ArrayList<>();
        double[][] probabilities = new double[logits.length][];
        int[] actual = new int[logits.length];
        for (int i = 0; i < logits.length; i++) {
            double total = logSumExp(logits[i]);
            int[] label = eval().get(i).label();
            actual[i] = label[0];
            double crossEntropy = total - logits[i][actual[i]];
            double flat = total - Arrays.stream(logits[i]).average().orElseThrow();
            loss += crossEntropy + labelSmoothing * (flat - crossEntropy);
            probabilities[i] = Arrays.stream(logits[i])
                    .map(logit -> Math.exp(logit - total))
                    .toArray();
            isFinite &= Double.isFinite(total);
            predictions.add(new Evaluation.Prediction(i, label, probabilities[i]));
        }
        Map<String, Double> scores = new LinkedHashMap<>();
        scores.put("loss", loss / logits.length);
        if (isFinite) {
            scores.putAll(ClassificationReport.of(labels, actual, probabilities).scores());
        }
        return new Evaluation(scores, isFinite ? predictions : List.of());
    }

    private static double logSumExp(double[] logits) {
        double max = Arrays.stream(logits).max().orElseThrow();
        double sum = Arrays.stream(logits).map(logit -> Math.exp(logit - max)).sum();
        return max + Math.log(sum);
    }
}
