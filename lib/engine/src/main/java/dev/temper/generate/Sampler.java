package dev.temper.generate;

import dev.temper.model.SplitMix;
import java.util.Arrays;

/**
 * Chooses the next token from its logits, as transformers' logits processors do and in their order: repetition penalty,
 * temperature, top-k, top-p, min-p. Draws come from a hash of (seed, sequence, step), so the same call gives the same
 * text.
 */
final class Sampler {
    private final GenerationConfig config;
    private final long seed;

    Sampler(GenerationConfig config, long seed) {
        this.config = config;
        this.seed = seed;
    }

    /** True when the best token of the plain logits is the next one. */
    boolean isPlain() {
        return !config.doSample() && config.repetitionPenalty() == 1;
    }

    /** @param history tokens of the sequence so far, its prompt included */
    int next(float[] logits, int[] history, long sequence) {
        penalize(logits, history);
        if (!config.doSample()) {
            return best(logits);
        }
        double[] probabilities = probabilities(logits);
        long hash = SplitMix.mix(SplitMix.mix(seed ^ (sequence << 32)) + history.length);
        double draw = (hash >>> 11) * 0x1.0p-53;
        int last = 0;
        for (int i = 0; i < probabilities.length; i++) {
            if (probabilities[i] > 0) {
                draw -= probabilities[i];
                last = i;
                if (draw < 0) {
                    return i;
                }
            }
        }
        return last; // rounding: the sum fell short of the draw
    }

    private static int best(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }

    void penalize(float[] logits, int[] history) {
        if (config.repetitionPenalty() == 1) {
            return;
        }
        float penalty = (float) config.repetitionPenalty();
        Arrays.stream(history).distinct().forEach(token -> {
            logits[token] = logits[token] < 0 ? logits[token] * penalty : logits[token] / penalty;
        });
    }

    /** Probabilities after temperature, top-k, top-p and min-p; they sum to 1. */
    double[] probabilities(float[] logits) {
        double[] scores = new double[logits.length];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = logits[i] / (float) config.temperature();
        }
        if (config.topK() > 0 && config.topK() < scores.length) {
            double[] sorted = scores.clone();
            Arrays.sort(sorted);
            double smallest = sorted[sorted.length - config.topK()];
            for (int i = 0; i < scores.length; i++) {
                scores[i] = scores[i] < smallest ? Double.NEGATIVE_INFINITY : scores[i]; // ties with the k-th stay
            }
        }
        double[] probabilities = softmax(scores);
        if (config.topP() < 1) {
            keepTop(probabilities);
        }
        if (config.minP() > 0) {
            double limit = Arrays.stream(probabilities).max().orElse(0) * config.minP();
            for (int i = 0; i < probabilities.length; i++) {
                probabilities[i] = probabilities[i] < limit ? 0 : probabilities[i];
            }
            normalize(probabilities);
        }
        return probabilities;
    }

    /** Drops the least likely tokens while their sum stays within {@code 1 - top_p}; the best one always stays. */
    private void keepTop(double[] probabilities) {
        Integer[] ascending = new Integer[probabilities.length];
        int candidates = 0;
        for (int i = 0; i < probabilities.length; i++) {
            if (probabilities[i] > 0) {
                ascending[candidates++] = i;
            }
        }
        Arrays.sort(ascending, 0, candidates, (a, b) -> Double.compare(probabilities[a], probabilities[b]));
        double sum = 0;
        for (int i = 0; i < candidates - 1; i++) {
            sum += probabilities[ascending[i]];
            if (sum > 1 - config.topP()) {
                break;
            }
            probabilities[ascending[i]] = 0;
        }
        normalize(probabilities);
    }

    private static double[] softmax(double[] scores) {
        double max = Arrays.stream(scores).max().orElse(0);
        double[] result = new double[scores.length];
        for (int i = 0; i < scores.length; i++) {
            result[i] = Math.exp(scores[i] - max);
        }
        normalize(result);
        return result;
    }

    private static void normalize(double[] values) {
        double sum = Arrays.stream(values).sum();
        for (int i = 0; i < values.length; i++) {
            values[i] /= sum;
        }
    }
}
