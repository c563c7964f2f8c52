package dev.temper.train;

import static dev.temper.check.Check.check;

import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * How the weights are updated; {@code training:} in the recipe. Names and defaults as in TrainingArguments.
 *
 * @param numTrainEpochs passes over the rows; may be a fraction
 * @param maxSteps updates, instead of {@code numTrainEpochs}
 * @param batchSize sequences per update, over all workers together
 * @param microBatchTokens tokens of one forward pass; empty: chosen so that it fits
 * @param learningRate empty: 2e-4 with an adapter, 2e-5 without
 * @param warmupSteps updates over which the learning rate rises from 0
 * @param warmupRatio the same as a share of all updates; {@code warmupSteps} wins when positive
 * @param maxGradNorm gradients are scaled down to this global norm; 0 leaves them alone
 * @param gradientCheckpointing keeps layer inputs only and computes each layer twice: less memory, a third more time
 * @param shuffle false: rows in the order of the data
 * @param loggingSteps updates between two logged losses
 * @param saveSteps updates between two checkpoints with {@code save_strategy: steps}
 * @param saveTotalLimit checkpoints that are kept
 * @param evalSteps updates between two evaluations with {@code eval_strategy: steps}
 */
public record TrainingConfig(
        double numTrainEpochs,
        OptionalInt maxSteps,
        int batchSize,
        OptionalInt microBatchTokens,
        OptionalDouble learningRate,
        Schedule.Type lrSchedulerType,
        int warmupSteps,
        double warmupRatio,
        double weightDecay,
        double adamBeta1,
        double adamBeta2,
        double adamEpsilon,
        double maxGradNorm,
        Optim optim,
        boolean gradientCheckpointing,
        boolean shuffle,
        int loggingSteps,
        When evalStrategy,
        OptionalInt evalSteps,
        When saveStrategy,
        OptionalInt saveSteps,
        int saveTotalLimit,
        long seed) {

    /**
     * When the evaluation loss is measured, besides before training and at its end, and when a checkpoint is written.
     */
    public enum When {
        NO,
        STEPS,
        EPOCH;

        boolean isDue(int step, OptionalInt every, int stepsPerEpoch) {
            return switch (this) {
                case NO -> false;
                case STEPS -> step % every.orElseThrow() == 0;
                case EPOCH -> step % stepsPerEpoch == 0;
            };
        }
    }

    /** The update rule. */
    public enum Optim {
        ADAMW
    }

    public TrainingConfig {
        check(numTrainEpochs > 0, "training.num_train_epochs must be positive, got %s", numTrainEpochs);
        check(
                maxSteps.isEmpty() || maxSteps.getAsInt() > 0,
                "training.max_steps must be positive, got %d",
                maxSteps.orElse(0));
        check(batchSize > 0, "training.batch_size must be positive, got %d", batchSize);
        check(
                microBatchTokens.isEmpty() || microBatchTokens.getAsInt() > 0,
                "training.micro_batch_tokens must be positive or auto, got %d",
                microBatchTokens.orElse(0));
        check(
                learningRate.isEmpty() || learningRate.getAsDouble() > 0,
                "training.learning_rate must be positive, got %s",
                learningRate.orElse(0));
        check(warmupSteps >= 0, "training.warmup_steps must not be negative, got %d", warmupSteps);
        check(warmupRatio >= 0 && warmupRatio <= 1, "training.warmup_ratio must be in [0, 1], got %s", warmupRatio);
        check(weightDecay >= 0, "training.weight_decay must not be negative, got %s", weightDecay);
        check(adamBeta1 >= 0 && adamBeta1 < 1, "training.adam_beta1 must be in [0, 1), got %s", adamBeta1);
        check(adamBeta2 >= 0 && adamBeta2 < 1, "training.adam_beta2 must be in [0, 1), got %s", adamBeta2);
        check(adamEpsilon > 0, "training.adam_epsilon must be positive, got %s", adamEpsilon);
        check(maxGradNorm >= 0, "training.max_grad_norm must not be negative, got %s", maxGradNorm);
        check(loggingSteps > 0, "training.logging_steps must be positive, got %d", loggingSteps);
        check(
                evalStrategy != When.STEPS || evalSteps.orElse(0) > 0,
                "training.eval_strategy: steps needs a positive training.eval_steps, got %d",
                evalSteps.orElse(0));
        check(
                saveStrategy != When.STEPS || saveSteps.orElse(0) > 0,
                "training.save_strategy: steps needs a positive training.save_steps, got %d",
                saveSteps.orElse(0));
        check(
                saveTotalLimit >= 2,
                "training.save_total_limit must be at least 2, got %d: the last checkpoint may be a broken one",
                saveTotalLimit);
    }
}
