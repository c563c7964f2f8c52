package dev.temper.inference;

import dev.temper.model.Task;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What a model says of a text; label and score are those of transformers' pipeline.
 *
 * @param label name of the likeliest class or label; of a model that gives a number the name of that number
 * @param score its probability; of a model that gives a number that number
 * @param probabilities of all classes, in the order of {@link TextClassifier#labels}; they sum to 1. Of several labels
 *     each has one of its own; of a number there are none
 * @param labels what the text is: its class; of several labels all whose probability is above one half, maybe none; of
 *     a number none
 */
@SuppressWarnings("ArrayRecordComponent") // one per text; never compared
public record Classification(String label, double score, double[] probabilities, List<String> labels) {
    /** Of several labels, a text has those whose probability is above it. */
    private static final double THRESHOLD = 0.5;

    /** Of a class. */
    public Classification(String label, double score, double[] probabilities) {
        this(label, score, probabilities, List.of(label));
    }

    @Override
    public String toString() {
        return "Classification[label=%s, score=%s, probabilities=%s]"
                .formatted(label, score, Arrays.toString(probabilities));
    }

    static Classification of(Task task, float[] logits, List<String> labels) {
        int best = best(logits);
        return switch (task) {
            case REGRESSION -> new Classification(labels.get(0), logits[0], new double[0], List.of());
            case MULTI_LABEL_CLASSIFICATION -> {
                double[] probabilities = IntStream.range(0, logits.length)
                        .mapToDouble(i -> 1 / (1 + Math.exp(-(double) logits[i])))
                        .toArray();
                List<String> had = IntStream.range(0, logits.length)
                        .filter(i -> probabilities[i] > THRESHOLD)
                        .mapToObj(labels::get)
                        .toList();
                yield new Classification(labels.get(best), probabilities[best], probabilities, had);
            }
            default -> {
                double[] probabilities = softmax(logits, best);
                yield new Classification(labels.get(best), probabilities[best], probabilities);
            }
        };
    }

    /** The largest, or the first of them. */
    private static int best(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }

    private static double[] softmax(float[] logits, int best) {
        double[] probabilities = new double[logits.length];
        double sum = 0;
        for (int i = 0; i < logits.length; i++) {
            probabilities[i] = Math.exp((double) logits[i] - logits[best]);
            sum += probabilities[i];
        }
        for (int i = 0; i < logits.length; i++) {
            probabilities[i] /= sum;
        }
        return probabilities;
    }
}
