package dev.temper.train.objective;

import static dev.temper.check.Check.check;

import dev.temper.model.Architecture;
import dev.temper.model.ClassifiedStream;
import dev.temper.model.Classifier;
import dev.temper.model.Task;
import dev.temper.model.TokenStream;
import dev.temper.text.DataConfig;
import dev.temper.text.LazyList;
import dev.temper.text.TokenRow;
import dev.temper.train.config.TrainingConfig;
import dev.temper.train.rows.MappedRows;
import dev.temper.train.worker.Replica;
import dev.temper.train.worker.Share;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Rows of which the head of a model learns one answer each: all of it but what the answer is. The loss of an update is
 * the sum of its rows' losses, each times the row's weight, divided by the sum of these weights.
 */
public abstract class HeadRows implements TrainingRows {
    private final List<Row> train;
    private final List<Row> eval;
    private final int outputs;

    /**
     * A text and what is to be answered.
     *
     * @param tokenTypes per token, as {@link TokenRow#tokenTypes}; empty of one text
     * @param label as {@link dev.temper.text.LabelFormat} carries it
     */
    @SuppressWarnings("ArrayRecordComponent") // one per row; never compared
    public record Row(int[] ids, int[] tokenTypes, int[] label) {
        /** One text. */
        public Row(int[] ids, int... label) {
            this(ids, new int[0], label);
        }
    }

    /**
     * @param train in the order of the data
     * @param eval may be empty; evaluated without weights
     * @param outputs of the head
     */
    protected HeadRows(List<Row> train, List<Row> eval, int outputs) {
        this.train = train;
        this.eval = eval;
        this.outputs = outputs;
    }

    /** Each made when it is asked for. */
    static List<Row> of(MappedRows rows) {
        return LazyList.of(rows.size(), i -> {
            TokenRow tokens = rows.get(i);
            return new Row(tokens.inputIds(), tokens.tokenTypes(), rows.label(i));
        });
    }

    /** @throws dev.temper.check.InvalidInputException when the data says what tokens alone have */
    static void checkIdle(Task task, DataConfig data) {
        String why = "%s means nothing with model.task: %s; leave it out";
        check(data.packing() == DataConfig.Packing.NONE, why, "data.packing", task.label());
        check(data.trainOn() == DataConfig.TrainOn.COMPLETION, why, "data.train_on", task.label());
    }

    /** @throws dev.temper.check.InvalidInputException when the training asks for what the loss of classes alone has */
    static void checkNoClasses(Task task, TrainingConfig training) {
        String why =
                "%s is for model.task: sequence_classification, and means nothing with model.task: %s; leave it out";
        check(training.classWeights().equals(List.of()), why, "training.class_weights", task.label());
        check(training.labelSmoothingFactor() == 0, why, "training.label_smoothing_factor", task.label());
    }

    /** What the head is to answer: as {@link ClassifiedStream.Row} has it. */
    protected abstract float[] targets(Row row);

    /** What the loss of a row to train on counts. */
    protected float weight(Row row) {
        return 1;
    }

    /**
     * Scores of all rows to evaluate on.
     *
     * @param logits (rows, outputs)
     * @param labelSmoothing of the training
     */
    protected abstract Evaluation evaluate(double[][] logits, double labelSmoothing);

    public List<Row> train() {
        return train;
    }

    public List<Row> eval() {
        return eval;
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
    public Share.Update update(int[] sequences, Keys keys, Replica worker) {
        Architecture architecture = worker.network().architecture();
        List<ClassifiedStream.Row> batch = new ArrayList<>();
        Share<ClassifiedStream.Row> share = new Share<>(worker, batch::get);
        for (int i = 0; i < sequences.length; i++) {
            Row row = train.get(sequences[i]);
            float weight = weight(row);
            long key = keys.of(sequences[i], 0);
            int[] types = architecture.tokenTypes(row.tokenTypes());
            batch.add(new ClassifiedStream.Row(row.ids(), types, targets(row), weight, key));
            share.add(i, row.ids().length, weight, i);
        }
        Classifier classifier = architecture.classifier().orElseThrow();
        return share.update((rows, backpropagation, scale) ->
                backpropagation.accumulate(ClassifiedStream.of(classifier, rows), scale));
    }

    @Override
    public Evaluation evaluate(Replica worker) throws IOException {
        return evaluate(logits(worker), worker.labelSmoothing());
    }

    /** Of all rows to evaluate on, {@code [row][output]}; each worker computes its share and tells the others. */
    private double[][] logits(Replica worker) throws IOException {
        Share<Integer> share = new Share<>(worker, row -> row);
        for (int i = 0; i < eval.size(); i++) {
            share.add(i, eval.get(i).ids().length, 1, i);
        }
        double[] own = new double[eval.size() * outputs];
        double[] all = worker.measure(own.length, () -> {
            share.forEach(rows -> logits(worker, rows, own));
            return Optional.of(own);
        });
        double[][] logits = new double[eval.size()][];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = Arrays.copyOfRange(all, i * outputs, (i + 1) * outputs);
        }
        return logits;
    }

    private void logits(Replica worker, List<Integer> rows, double[] all) {
        List<int[]> texts = rows.stream().map(row -> eval.get(row).ids()).toList();
        Architecture architecture = worker.network().architecture();
        List<int[]> types = rows.stream()
                .map(row -> architecture.tokenTypes(eval.get(row).tokenTypes()))
                .toList();
        float[][] logits = worker.network().classify(TokenStream.of(texts, types));
        for (int i = 0; i < logits.length; i++) {
            for (int output = 0; output < outputs; output++) {
                all[rows.get(i) * outputs + output] = logits[i][output];
            }
        }
    }
}
