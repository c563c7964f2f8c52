package dev.temper.train;

import dev.temper.train.config.IntervalStrategy;
import dev.temper.train.config.Optim;
import dev.temper.train.config.Schedule;
import dev.temper.train.config.TrainingConfig;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/** Settings of a training run in a test: change what matters there. */
public final class Settings {
    int steps = 6;
    int batchSize = 4;
    public int microBatchTokens = 2048;
    public double learningRate = 1e-3;
    public Schedule.Type schedule = Schedule.Type.LINEAR;
    public Map<String, Object> scheduleKwargs = Map.of();
    public int warmupSteps;
    double weightDecay = 0.01;
    double adamBeta2 = 0.999;
    double maxGradNorm = 1;
    public Optim optim = Optim.ADAMW;
    boolean offload;
    int loggingSteps = 1;
    public int evalSteps; // 0: only before and after
    public int saveSteps; // 0: no checkpoints
    boolean checkpointing;
    public boolean offloading;
    public Object classWeights = List.of();
    public double labelSmoothing;
    public OptionalDouble noiseAlpha = OptionalDouble.empty();
    boolean shuffle;
    boolean groupByLength;
    public String metricForBestModel = "eval/loss";
    public Optional<Boolean> greaterIsBetter = Optional.empty();
    public boolean loadBestModelAtEnd;
    int earlyStoppingPatience; // 0: none
    double earlyStoppingThreshold;

    public TrainingConfig config() {
        return new TrainingConfig(
                1,
                OptionalInt.of(steps),
                batchSize,
                OptionalInt.of(microBatchTokens),
                OptionalDouble.of(learningRate),
                schedule,
                scheduleKwargs,
                warmupSteps,
                0,
                weightDecay,
                0.9,
                adamBeta2,
                1e-8,
                maxGradNorm,
                optim,
                offload,
                checkpointing,
                offloading,
                classWeights,
                labelSmoothing,
                noiseAlpha,
                shuffle,
                groupByLength,
                loggingSteps,
                evalSteps > 0 ? IntervalStrategy.STEPS : IntervalStrategy.NO,
                evalSteps > 0 ? OptionalInt.of(evalSteps) : OptionalInt.empty(),
                saveSteps > 0 ? IntervalStrategy.STEPS : IntervalStrategy.NO,
                saveSteps > 0 ? OptionalInt.of(saveSteps) : OptionalInt.empty(),
                2,
                metricForBestModel,
                greaterIsBetter,
                loadBestModelAtEnd,
                earlyStoppingPatience > 0 ? OptionalInt.of(earlyStoppingPatience) : OptionalInt.empty(),
                earlyStoppingThreshold,
                17);
    }
}
