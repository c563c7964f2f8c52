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

/**
 * One of those that train or evaluate together: a replica of the network, and how much of a share it takes at a time.
 */
public final class Replica {
    /** Tokens of a forward pass, unless the recipe or the memory says otherwise. */
    public static final int DEFAULT_MICRO_BATCH_TOKENS = 2048;

    private final Network network;
    private final Collective workers;
    private final MicroBatchSize microBatch;
    private final double labelSmoothing;
    private BooleanSupplier stop = () -> false;
    private boolean isStopping; // agreed on by all workers

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
     * Asks now and then whether to stop; once it is true for one worker, it stays so, and all of them stop at the same
     * place.
     */
    public Replica stoppingWhen(BooleanSupplier asked) {
        stop = asked;
        return this;
    }

    /** Whether this worker knows already that all will stop: what it measures will not be looked at. */
    boolean isAskedToStop() {
        return isStopping || stop.getAsBoolean();
    }

    /**
     * To be called by all workers where they can stop, with a sum since the place before.
     *
     * @throws StoppedException on all of them, or on none
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

    /** Of the losses that are measured, as in transformers' Trainer. */
    public double labelSmoothing() {
        return labelSmoothing;
    }

    /**
     * A try at a worker's share of something; empty when it found no memory and can be made again in smaller passes.
     */
    @FunctionalInterface
    public interface Try {
        Optional<double[]> run();
    }

    /**
     * As {@link #sum}, where a share that was broken off is none.
     *
     * @throws StoppedException when the workers were asked to stop
     */
    public double[] measure(int count, Try share) throws IOException {
        double[] sums = sum(count, share);
        stopIfAsked();
        return sums;
    }

    /** How a try ended. */
    private record Attempt(Optional<double[]> values, Optional<TooLongRowException> failure) {
        boolean mustBeRepeated() {
            return values.isEmpty() && failure.isEmpty();
        }
    }

    /**
     * Adds up what the workers make of their shares; called by all of them. While some make another try, the others
     * wait, however long that takes.
     *
     * @param count values of each worker
     * @throws TooLongRowException on all workers, when a row of one of them does not fit into its memory
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
     * The sums of the values, how many workers must repeat, how many were asked to stop, and for each the length of a
     * row that does not fit.
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

    /** The smallest micro-batch of all workers, in tokens; called by all of them. */
    public int smallestMicroBatch() throws IOException {
        double[] sizes = new double[workers.size()];
        sizes[workers.rank()] = microBatch.tokens();
        return (int) Arrays.stream(workers.sum(sizes)).min().orElseThrow();
    }

    /**
     * Answers to prompts.
     *
     * @param own this worker's share
     * @param exactMatch share of all answers that are the expected ones; empty when none is expected
     */
    public record Answers(List<Sample> own, OptionalDouble exactMatch) {}

    /**
     * Answers its share of the prompts; called by all workers.
     *
     * @param step finished updates, for the samples
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
