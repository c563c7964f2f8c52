package dev.temper.train;

import dev.temper.kernel.HostMemory;
import dev.temper.kernel.ScratchMemory;
import dev.temper.kernel.Workspace;
import dev.temper.model.Backpropagation;
import dev.temper.model.Network;
import dev.temper.model.SplitMix;
import dev.temper.train.config.Schedule;
import dev.temper.train.config.TrainingConfig;
import dev.temper.train.objective.TrainingRows;
import dev.temper.train.optim.Optimizer;
import dev.temper.train.optim.Optimizers;
import dev.temper.train.optim.StateMemory;
import dev.temper.train.worker.Replica;
import dev.temper.train.worker.Share;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Makes the updates of one worker's replica: forward and backward passes over its share, the all-reduce of the
 * gradients, and the optimizer's step.
 */
final class Updates {
    private final TrainedModel model;
    private final TrainingRows rows;
    private final Replica replica;
    private final Settings settings;
    private final ProgressListener listener;
    private final Optimizer optimizer;
    private final Backpropagation backpropagation;
    private final GradientSum gradients;
    private final Schedule schedule;
    private int halvings; // of the micro-batches of all workers since they started

    /**
     * Settings of the updates.
     *
     * @param steps total number of updates of the run
     * @param offload folder for offloaded optimizer state and activations
     */
    record Settings(TrainingConfig config, int steps, Path offload) {}

    /**
     * The result of an update.
     *
     * @param loss mean loss over all workers
     * @param norm of the gradient, before clipping
     */
    record Done(double loss, double norm, double learningRate) {}

    Updates(TrainedModel model, TrainingRows rows, Replica replica, Settings settings, ProgressListener listener) {
        this.model = model;
        this.rows = rows;
        this.replica = replica;
        this.settings = settings;
        this.listener = listener;
        TrainingConfig config = settings.config();
        StateMemory memory = StateMemory.of(model.network().workspace(), config, settings.offload());
        this.optimizer = Optimizers.of(memory, model.parameters(), config);
        this.backpropagation = backpropagation(model.network());
        this.gradients = new GradientSum(model.parameters(), replica.workers());
        this.schedule = config.schedule(settings.steps());
    }

    private Backpropagation backpropagation(Network network) {
        TrainingConfig config = settings.config();
        Backpropagation plain;
        if (config.activationOffloading()) {
            plain = Backpropagation.offloading(network, new ScratchMemory(network.workspace(), settings.offload()));
        } else {
            plain = config.gradientCheckpointing()
                    ? Backpropagation.checkpointing(network)
                    : Backpropagation.recording(network);
        }
        return plain.regularized(config.regularization());
    }

    /** The optimizer, whose state is part of a checkpoint. */
    Optimizer optimizer() {
        return optimizer;
    }

    /**
     * Makes the update after the last finished one.
     *
     * @param batch indexes of its sequences, over all workers
     */
    Done next(TrainingState state, int[] batch) throws IOException {
        int step = state.step;
        Share.Update update = rows.update(batch, (sequence, index) -> key(step, sequence, index), replica);
        double[] sums = replica.sum(2, () -> accumulate(update));
        gradients.sum();
        state.tokens += update.tokens();
        if (sums[1] > halvings) {
            halved(state, (int) sums[1]);
        }
        Done done = step(state, sums[0], update.weight());
        model.parameters().clearGradients();
        HostMemory.releaseNowAndThen();
        state.tokensSinceLog += update.tokens();
        state.step = step + 1;
        return done;
    }

    /**
     * Accumulates this worker's gradients; returns the sum of its losses and the number of halvings of its micro-batch.
     */
    private Optional<double[]> accumulate(Share.Update update) {
        OptionalDouble loss = update.own().accumulate(backpropagation);
        if (loss.isEmpty()) {
            model.parameters().clearGradients();
            return Optional.empty();
        }
        return Optional.of(
                new double[] {loss.getAsDouble(), replica.microBatch().halvings()});
    }

    /** @param sum of the halvings of all workers since they started */
    private void halved(TrainingState state, int sum) throws IOException {
        state.halvings += sum - halvings;
        state.microBatchTokens = replica.smallestMicroBatch();
        halvings = sum;
        listener.warned(String.format(
                Locale.ROOT,
                "update %,d found no memory and was repeated in smaller passes, nothing is lost; to begin with them set"
                        + " training.micro_batch_tokens: %d",
                state.step + 1,
                state.microBatchTokens));
    }

    /** Seed of the dropout masks of the {@code index}-th row of a sequence. */
    private long key(int step, int sequence, int index) {
        long seed = settings.config().seed();
        long key = SplitMix.mix(SplitMix.mix(SplitMix.mix(seed) + step) + sequence);
        return index == 0 ? key : SplitMix.mix(key + index);
    }

    private Done step(TrainingState state, double lossSum, double weight) {
        double norm = Workspace.scoped(() ->
                model.network().workspace().losses().norm(model.parameters().gradients()));
        double learningRate = settings.config().peakLearningRate() * schedule.factor(state.step);
        double loss = lossSum / weight;
        if (Double.isFinite(norm) && Double.isFinite(lossSum)) {
            optimizer.step(state.step + 1, learningRate, norm);
            model.parameters().weightsChanged();
            state.skippedInARow = 0;
            state.lossSinceLog += lossSum;
            state.weightSinceLog += weight;
        } else {
            new SkippedUpdates(state, listener).add(loss, norm);
        }
        return new Done(loss, norm, learningRate);
    }
}
