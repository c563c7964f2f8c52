package dev.temper.train;

import dev.temper.collective.Collective;
import dev.temper.eval.Prompts;
import dev.temper.eval.Sample;
import dev.temper.model.Network;
import java.io.IOException;
import java.util.List;
import java.util.OptionalDouble;

/**
 * One of those that train or evaluate together.
 *
 * @param network its replica
 * @param microBatchTokens tokens of one forward pass
 */
public record Worker(Network network, Collective workers, int microBatchTokens) {
    private static final int DEFAULT_MICRO_BATCH_TOKENS = 2048;

    public static Worker of(Network network, Collective workers, TrainingConfig config) {
        return new Worker(network, workers, config.microBatchTokens().orElse(DEFAULT_MICRO_BATCH_TOKENS));
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
     */
    public Answers answer(Prompts prompts, long step, long seed) throws IOException {
        if (prompts.isEmpty()) {
            return new Answers(List.of(), OptionalDouble.empty());
        }
        List<Sample> own = prompts.answer(network, step, workers.rank(), workers.size(), seed);
        double exact = own.stream().filter(Sample::isExact).count();
        double asked = own.stream().filter(Sample::hasExpected).count();
        double[] sums = workers.sum(new double[] {exact, asked});
        return new Answers(own, sums[1] > 0 ? OptionalDouble.of(sums[0] / sums[1]) : OptionalDouble.empty());
    }
}
