package dev.temper.train;

import dev.temper.collective.Collective;
import dev.temper.eval.Prompts;
import dev.temper.track.Metric;
import dev.temper.train.config.TrainingConfig;
import dev.temper.train.objective.TrainingRows;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** What a run of the training loop logged. */
record Curve(List<Metric> metrics) {
    /** Trains without prompts. */
    static Curve of(TrainedModel model, TrainingRows rows, TrainingConfig config, Collective workers)
            throws IOException {
        return of(model, rows, config, workers, Optional.empty());
    }

    static Curve of(
            TrainedModel model,
            TrainingRows rows,
            TrainingConfig config,
            Collective workers,
            Optional<Checkpoints> checkpoints)
            throws IOException {
        return new Curve(new TrainingLoop(model, rows, config, workers, ProgressListener.silent())
                .run(Prompts.none(), checkpoints)
                .metrics());
    }

    double[] values(String name) {
        return metrics.stream()
                .filter(metric -> metric.name().equals(name))
                .mapToDouble(Metric::value)
                .toArray();
    }

    long[] steps(String name) {
        return metrics.stream()
                .filter(metric -> metric.name().equals(name))
                .mapToLong(Metric::step)
                .toArray();
    }
}
