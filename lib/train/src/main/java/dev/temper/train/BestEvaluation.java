package dev.temper.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.train.config.TrainingConfig;

/**
 * Tracks the best evaluation of a run, and how many evaluations ago it was, as transformers' {@code Trainer} and
 * {@code EarlyStoppingCallback} do. The evaluation before training does not count.
 */
final class BestEvaluation {
    int step; // update of the best evaluation; 0: none yet
    double value = Double.NaN;
    int withoutImprovement;

    /** Whether this evaluation is the best so far. A non-finite value never is. */
    boolean add(int evaluated, double measured, TrainingConfig config) {
        boolean isBetter = Double.isFinite(measured)
                && (step == 0 || (config.isGreaterBetter() ? measured > value : measured < value));
        boolean isEnough = isBetter && (step == 0 || Math.abs(measured - value) > config.earlyStoppingThreshold());
        withoutImprovement = isEnough ? 0 : withoutImprovement + 1;
        if (isBetter) {
            step = evaluated;
            value = measured;
        }
        return isBetter;
    }

    boolean hasLastedTooLong(TrainingConfig config) {
        return config.earlyStoppingPatience().isPresent()
                && withoutImprovement >= config.earlyStoppingPatience().getAsInt();
    }

    void write(ObjectNode json) {
        json.put("step", step).put("without_improvement", withoutImprovement);
        if (step > 0) {
            json.put("value", value);
        }
    }

    void read(JsonNode json) {
        step = json.path("step").asInt();
        value = json.path("value").asDouble(Double.NaN);
        withoutImprovement = json.path("without_improvement").asInt();
    }
}
