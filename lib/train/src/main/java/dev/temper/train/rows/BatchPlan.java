package dev.temper.train.rows;

import dev.temper.train.config.TrainingConfig;
import java.util.Arrays;
import java.util.OptionalInt;

/**
 * The order in which updates take rows. It is a pure function of its components, so every worker computes the same
 * plan.
 *
 * <p>An epoch contains each row once; its last batch may be smaller. With {@code shuffle}, epoch {@code e} is a
 * Fisher-Yates permutation: for {@code i = rows - 1 ... 1}, row {@code i} changes places with row {@code floor(u (i +
 * 1))}, where {@code u} is the next draw in [0, 1) from SplitMix64 started at {@code mix(seed) + e}. The generator is
 * implemented here because those of {@code java.util} may change, and a changed order would change every loss curve.
 *
 * @param rows number of rows
 * @param batchSize rows per update
 * @param epochs passes over the rows, rounded up to whole updates as in transformers
 * @param maxSteps number of updates, instead of {@code epochs}
 * @param shuffle false: rows in the order of the data
 * @see <a href="https://doi.org/10.1145/2660193.2660195">SplitMix64</a>
 */
public record BatchPlan(int rows, int batchSize, double epochs, OptionalInt maxSteps, boolean shuffle, long seed) {
    private static final long GAMMA = 0x9E3779B97F4A7C15L;

    public BatchPlan {
        if (rows < 1 || batchSize < 1 || !(epochs > 0)) {
            throw new IllegalArgumentException(
                    "rows, batch size and epochs must be positive: " + rows + ", " + batchSize + ", " + epochs);
        }
    }

    /**
     * The plan of a run with these settings.
     *
     * @param rows number of rows to train on
     */
    public static BatchPlan of(int rows, TrainingConfig config) {
        return new BatchPlan(
                rows, config.batchSize(), config.numTrainEpochs(), config.maxSteps(), config.shuffle(), config.seed());
    }

    /** Number of updates in one epoch. */
    public int stepsPerEpoch() {
        return (rows - 1) / batchSize + 1;
    }

    /** Total number of updates. */
    public int steps() {
        double steps = maxSteps.isPresent() ? maxSteps.getAsInt() : Math.ceil(epochs * stepsPerEpoch());
        if (steps > Integer.MAX_VALUE) {
            throw new ArithmeticException("too many updates: " + steps);
        }
        return (int) steps;
    }

    /**
     * Indexes of the rows of one update, counted from 0. Takes time linear in the number of rows; to get many updates,
     * use {@link #epoch} and {@link #batch}.
     */
    public int[] rowsOf(int step) {
        return batch(epoch(step / stepsPerEpoch()), step);
    }

    /** Selects the rows of an update from the order of its epoch. */
    public int[] batch(int[] epoch, int step) {
        int from = step % stepsPerEpoch() * batchSize;
        return Arrays.copyOfRange(epoch, from, (int) Math.min((long) from + batchSize, rows));
    }

    /** Indexes of all rows in the order of an epoch, counted from 0. */
    public int[] epoch(int epoch) {
        int[] order = new int[rows];
        Arrays.setAll(order, i -> i);
        if (!shuffle) {
            return order;
        }
        long state = mix(seed) + epoch;
        for (int i = rows - 1; i > 0; i--) {
            state += GAMMA;
            double draw = (mix(state) >>> 11) * 0x1p-53;
            int other = (int) (draw * (i + 1));
            int row = order[i];
            order[i] = order[other];
            order[other] = row;
        }
        return order;
    }

    private static long mix(long bits) {
        long z = (bits ^ (bits >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
