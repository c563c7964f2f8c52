package dev.temper.train.objective;

import java.io.Serializable;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a model was found to be worth, the same on every worker.
 *
 * @param scores by name, without {@code eval/}, in the order to show them
 * @param predictions of a head for whole texts, in the order of the rows; empty of other models
 */
public record Evaluation(Map<String, Double> scores, List<Prediction> predictions) {
    /** Of no rows. */
    public static final Evaluation NOTHING = new Evaluation(Map.of(), List.of());

    public Evaluation {
        scores = Collections.unmodifiableMap(new LinkedHashMap<>(scores));
        predictions = List.copyOf(predictions);
    }

    /**
     * What a model makes of a row.
     *
     * @param row among those to evaluate on, from 0
     * @param label what it is, as {@link dev.temper.text.LabelFormat} carries it
     * @param answer what the objective makes of the logits: of a classifier the probabilities of the classes
     */
    @SuppressWarnings("ArrayRecordComponent") // one per row; never compared
    public record Prediction(int row, int[] label, double[] answer) implements Serializable {}
}
