package dev.temper.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.train.config.TrainingConfig;

/**
 * Which evaluation of a run was the best so far, and for how long none was better; as transformers' Trainer and its
 * {@code EarlyStoppingCallback} count. The evaluation before training is none of them.
 */
final class BestEvaluation {
    int step; // 0: none yet
    double value = Double.NaN;
    int withoutImprovement;

    /** Whether this one is the best now. A value that is not finite never is. */
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
