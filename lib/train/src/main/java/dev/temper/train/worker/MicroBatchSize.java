package dev.temper.train.worker;

import dev.temper.kernel.FailedAllocationException;
import java.util.Arrays;

/**
 * Maximum number of tokens that a worker processes in one forward pass. It is halved after each failed allocation and
 * stays so for the rest of the run.
 */
public final class MicroBatchSize {
    private int tokens;
    private int halvings;

    public MicroBatchSize(int tokens) {
        this.tokens = tokens;
    }

    public int tokens() {
        return tokens;
    }

    /** How often it was halved. */
    public int halvings() {
        return halvings;
    }

    /** Lowers it to a size that was found to fit before, as recorded in a checkpoint. */
    public void limit(int found) {
        tokens = Math.min(tokens, found);
    }

    /**
     * Halves it after a failed allocation, but not below the longest row, which cannot be split.
     *
     * @param lengths number of tokens of each row of the failed pass
     * @throws TooLongRowException when the pass had a single row
     */
    public void halve(int[] lengths, FailedAllocationException cause) {
        if (lengths.length == 1) {
            throw new TooLongRowException(lengths[0], cause);
        }
        int longest = Arrays.stream(lengths).max().orElseThrow();
        tokens = Math.max(longest, Arrays.stream(lengths).sum() / 2);
        halvings++;
    }
}
