package dev.temper.train;

import java.util.OptionalDouble;
import java.util.OptionalInt;

/** Settings of a training run in a test: change what matters there. */
final class Settings {
    int steps = 6;
    int batchSize = 4;
    int microBatchTokens = 2048;
    double learningRate = 1e-3;
    Schedule.Type schedule = Schedule.Type.LINEAR;
    int warmupSteps;
    int evalSteps; // 0: only before and after
    int saveSteps; // 0: no checkpoints
    boolean checkpointing;

    TrainingConfig config() {
        return new TrainingConfig(
                1,
                OptionalInt.of(steps),
                batchSize,
                OptionalInt.of(microBatchTokens),
                OptionalDouble.of(learningRate),
                schedule,
                warmupSteps,
                0,
                0.01,
                0.9,
                0.999,
                1e-8,
                1,
                TrainingConfig.Optim.ADAMW,
                checkpointing,
                false,
                1,
                evalSteps > 0 ? TrainingConfig.When.STEPS : TrainingConfig.When.NO,
                evalSteps > 0 ? OptionalInt.of(evalSteps) : OptionalInt.empty(),
                saveSteps > 0 ? TrainingConfig.When.STEPS : TrainingConfig.When.NO,
                saveSteps > 0 ? OptionalInt.of(saveSteps) : OptionalInt.empty(),
                2,
                17);
    }
}
