package dev.temper.inference;

import java.util.Arrays;
import java.util.List;

/**
 * The predicted class of a text.
 *
 * @param label name of the most probable class
 * @param score its probability
 * @param probabilities of all classes, in the order of {@link TextClassifier#labels}; they sum to 1
 */
@SuppressWarnings("ArrayRecordComponent") // created per text, never compared
public record Classification(String label, double score, double[] probabilities) {
    @Override
    public String toString() {
        return "Classification[label=%s, score=%s, probabilities=%s]"
                .formatted(label, score, Arrays.toString(probabilities));
    }

    /** The most probable class; of equal ones the first. */
    static Classification of(float[] logits, List<String> labels) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        double[] probabilities = new double[logits.length];
        double sum = 0;
        for (int i = 0; i < logits.length; i++) {
            probabilities[i] = Math.exp((double) logits[i] - logits[best]);
            sum += probabilities[i];
        }
        for (int i = 0; i < logits.length; i++) {
            probabilities[i] /= sum;
        }
        return new Classification(labels.get(best), probabilities[best], probabilities);
    }
}
