package dev.temper.train.objective;

import dev.temper.eval.ClassificationReport;
import dev.temper.model.ClassifiedStream;
import dev.temper.model.Classifier;
import dev.temper.model.TokenStream;
import dev.temper.train.config.ClassWeights;
import dev.temper.train.config.TrainingConfig;
import dev.temper.train.worker.Replica;
import dev.temper.train.worker.Share;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Rows whose class is learned. The loss of an update is the sum of its rows' losses, each times the weight of the row's
 * class, divided by the sum of these weights, as torch's {@code CrossEntropyLoss(weight=…)}.
 *
 * @param train in the order of the data
 * @param eval may be empty; evaluated without weights, with label smoothing as in transformers' Trainer
 * @param labels names of the classes, by index
 * @param weights of the classes, by index
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record ClassifiedRows(List<Row> train, List<Row> eval, List<String> labels, double[] weights)
        implements TrainingRows {
    /**
     * A text and its class.
     *
     * @param label by index
     */
    @SuppressWarnings("ArrayRecordComponent") // one per row; never compared
    public record Row(int[] ids, int label) {}

    /** With the weights that the settings ask for. */
    public static ClassifiedRows of(List<Row> train, List<Row> eval, List<String> labels, TrainingConfig config) {
        return of(train, eval, labels, ClassWeights.of(config.classWeights()));
    }

    public static ClassifiedRows of(List<Row> train, List<Row> eval, List<String> labels, ClassWeights weights) {
        int[] counts = new int[labels.size()];
        train.forEach(row -> counts[row.label()]++);
        return new ClassifiedRows(train, eval, labels, weights.of(counts));
    }

    @Override
    public int[] lengths() {
        return train.stream().mapToInt(row -> row.ids().length).toArray();
    }

    @Override
    public int evaluated() {
        return eval.size();
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
    public Share.Update update(int[] sequences, Keys keys, Replica worker) {
        List<ClassifiedStream.Row> batch = new ArrayList<>();
        Share<ClassifiedStream.Row> share = new Share<>(worker, batch::get);
        for (int i = 0; i < sequences.length; i++) {
            Row row = train.get(sequences[i]);
            float weight = (float) weights[row.label()];
            batch.add(new ClassifiedStream.Row(row.ids(), row.label(), weight, keys.of(sequences[i], 0)));
            share.add(i, row.ids().length, weight, i);
        }
        Classifier classifier = worker.network().architecture().classifier().orElseThrow();
        return share.update((rows, backpropagation, scale) ->
                backpropagation.accumulate(ClassifiedStream.of(classifier, rows), scale));
    }

    @Override
    public Evaluation evaluate(Replica worker) throws IOException {
        double[][] logits = logits(worker);
        double loss = 0;
        boolean isFinite = true;
        List<Evaluation.Prediction> predictions = new ArrayList<>();
        double[][] probabilities = new double[eval.size()][];
        for (int i = 0; i < eval.size(); i++) {
            double total = logSumExp(logits[i]);
            int actual = eval.get(i).label();
            double crossEntropy = total - logits[i][actual];
            double flat = total - Arrays.stream(logits[i]).average().orElseThrow();
            loss += crossEntropy + worker.labelSmoothing() * (flat - crossEntropy);
            probabilities[i] = Arrays.stream(logits[i])
                    .map(logit -> Math.exp(logit - total))
                    .toArray();
            isFinite &= Double.isFinite(total);
            predictions.add(new Evaluation.Prediction(i, actual, probabilities[i]));
        }
        Map<String, Double> scores = new LinkedHashMap<>();
        scores.put("loss", loss / eval.size());
        if (isFinite) {
            int[] actual = eval.stream().mapToInt(Row::label).toArray();
            scores.putAll(ClassificationReport.of(labels, actual, probabilities).scores());
        }
        return new Evaluation(scores, isFinite ? predictions : List.of());
    }

    /** Of all rows to evaluate on, {@code [row][class]}; each worker computes its share and tells the others. */
    private double[][] logits(Replica worker) throws IOException {
        Share<Integer> share = new Share<>(worker, row -> row);
        for (int i = 0; i < eval.size(); i++) {
            share.add(i, eval.get(i).ids().length, 1, i);
        }
        double[] own = new double[eval.size() * labels.size()];
        double[] all = worker.measure(own.length, () -> {
            share.forEach(rows -> logits(worker, rows, own));
            return Optional.of(own);
        });
        double[][] logits = new double[eval.size()][];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = Arrays.copyOfRange(all, i * labels.size(), (i + 1) * labels.size());
        }
        return logits;
    }

    private void logits(Replica worker, List<Integer> rows, double[] all) {
        List<int[]> texts = rows.stream().map(row -> eval.get(row).ids()).toList();
        float[][] logits = worker.network().classify(TokenStream.of(texts));
        for (int i = 0; i < logits.length; i++) {
            for (int label = 0; label < labels.size(); label++) {
                all[rows.get(i) * labels.size() + label] = logits[i][label];
            }
        }
    }

    private static double logSumExp(double[] logits) {
        double max = Arrays.stream(logits).max().orElseThrow();
        double sum = Arrays.stream(logits).map(logit -> Math.exp(logit - max)).sum();
        return max + Math.log(sum);
    }
}
