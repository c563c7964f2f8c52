package dev.temper.train.worker;

import dev.temper.collective.Collective;
import dev.temper.eval.Prompts;
import dev.temper.eval.Sample;
import dev.temper.model.Network;
import dev.temper.train.config.TrainingConfig;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.BooleanSupplier;

/** One worker's replica of the network, with its connection to the other workers and its micro-batch size. */
public final class Replica {
    /** Tokens of a forward pass, unless the recipe sets them or memory is too small. */
    public static final int DEFAULT_MICRO_BATCH_TOKENS = 2048;

    private final Network network;
    private final Collective workers;
    private final MicroBatchSize microBatch;
    private final double labelSmoothing;
    private BooleanSupplier stop = () -> false;
    private boolean isStopping; // agreed by all workers

    private Replica(Network network, Collective workers, int microBatchTokens, double labelSmoothing) {
        this.network = network;
        this.workers = workers;
        this.microBatch = new MicroBatchSize(microBatchTokens);
        this.labelSmoothing = labelSmoothing;
    }

    public static Replica of(Network network, Collective workers, TrainingConfig config) {
        int tokens = config.microBatchTokens().orElse(DEFAULT_MICRO_BATCH_TOKENS);
        return new Replica(network, workers, tokens, config.labelSmoothingFactor());
    }

    /**
     * Sets a condition that is checked from time to time. Once it is true on one worker, all workers stop at the same
     * point.
     */
    public Replica stoppingWhen(BooleanSupplier asked) {
        stop = asked;
        return this;
    }

    /** Whether this worker already knows that all will stop, so that the result of its work will be discarded. */
    boolean isAskedToStop() {
        return isStopping || stop.getAsBoolean();
    }

    /**
     * Agrees with the other workers whether to stop. Must be called by all of them at the same point.
     *
     * @throws StoppedException on all workers or on none
     */
    public void stopIfAsked() {
        if (isStopping) {
            throw new StoppedException("interrupted");
        }
    }

    public Network network() {
        return network;
    }

    public Collective workers() {
        return workers;
    }

    public MicroBatchSize microBatch() {
        return microBatch;
    }

    /** Label smoothing of evaluation losses, as in transformers' Trainer. */
    public double labelSmoothing() {
        return labelSmoothing;
    }

    /**
     * An attempt at a worker's share of some work; empty when an allocation failed and the share must be repeated in
     * smaller passes.
     */
    @FunctionalInterface
    public interface Try {
        Optional<double[]> run();
    }

    /**
     * As {@link #sum}, for work that may be abandoned when the workers are asked to stop.
     *
     * @throws StoppedException when they were asked to stop
     */
    public double[] measure(int count, Try share) throws IOException {
        double[] sums = sum(count, share);
        stopIfAsked();
        return sums;
    }

    /** The result of an attempt: its values, or the row that does not fit. */
    private record Attempt(Optional<double[]> values, Optional<TooLongRowException> failure) {
        boolean mustBeRepeated() {
            return values.isEmpty() && failure.isEmpty();
        }
    }

    /**
     * Sums the values of all workers. Must be called by all of them. While some repeat their share in smaller passes,
     * the others wait without a timeout.
     *
     * @param count number of values of each worker
     * @throws TooLongRowException on all workers, when a single row of one of them does not fit into its memory
     */
    public double[] sum(int count, Try share) throws IOException {
        Attempt first = attempt(share);
        Attempt own = first;
        double[] sums = exchange(count, own);
        if (sums[count] > 0) {
            own = Heartbeat.during(workers, () -> untilDone(first, share));
            sums = exchange(count, own);
        }
        int unfit = (int) Arrays.stream(sums, count + 2, sums.length).max().orElseThrow();
        if (unfit > 0) {
            throw own.failure().orElseGet(() -> new TooLongRowException(unfit, null));
        }
        return Arrays.copyOf(sums, count);
    }

    private static Attempt untilDone(Attempt first, Try share) {
        Attempt last = first;
        while (last.mustBeRepeated()) {
            last = attempt(share);
        }
        return last;
    }

    private static Attempt attempt(Try share) {
        try {
            return new Attempt(share.run(), Optional.empty());
        } catch (TooLongRowException e) {
            return new Attempt(Optional.empty(), Optional.of(e));
        }
    }

    /**
     * Exchanges the sums of the values, the number of workers that must repeat, the number that were asked to stop, and
     * for each worker the length of a row that does not fit.
     */
    private double[] exchange(int count, Attempt own) throws IOException {
        double[] sent = Arrays.copyOf(own.values().orElseGet(() -> new double[count]), count + 2 + workers.size());
        sent[count] = own.mustBeRepeated() ? 1 : 0;
        sent[count + 1] = isAskedToStop() ? 1 : 0;
        sent[count + 2 + workers.rank()] =
                own.failure().map(TooLongRowException::tokens).orElse(0);
        double[] sums = workers.sum(sent);
        isStopping |= sums[count + 1] > 0;
        return sums;
    }

    /** The smallest micro-batch size of all workers, in tokens. Must be called by all of them. */
    public int smallestMicroBatch() throws IOException {
        double[] sizes = new double[workers.size()];
        sizes[workers.rank()] = microBatch.tokens();
        return (int) Arrays.stream(workers.sum(sizes)).min().orElseThrow();
    }

    /**
     * Answers to prompts.
     *
     * @param own answers to this worker's share
     * @param exactMatch share of all answers that equal the expected text; empty when no text is expected
     */
    public record Answers(List<Sample> own, OptionalDouble exactMatch) {}

    /**
     * Answers this worker's share of the prompts. Must be called by all workers.
     *
     * @param step number of finished updates, recorded in the samples
     * @throws StoppedException when the workers were asked to stop
     */
    public Answers answer(Prompts prompts, long step, long seed) throws IOException {
        if (prompts.isEmpty()) {
            return new Answers(List.of(), OptionalDouble.empty());
        }
        List<Sample> own = new ArrayList<>();
        Prompts.Round round = new Prompts.Round(step, seed, this::isAskedToStop);
        double[] sums = measure(2, () -> {
            own.addAll(prompts.answer(network, round, workers.rank(), workers.size()));
            double exact = own.stream().filter(Sample::isExact).count();
            double asked = own.stream().filter(Sample::hasExpected).count();
            return Optional.of(new double[] {exact, asked});
        });
        return new Answers(own, sums[1] > 0 ? OptionalDouble.of(sums[0] / sums[1]) : OptionalDouble.empty());
    }
}
