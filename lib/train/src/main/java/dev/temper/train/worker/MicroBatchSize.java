package dev.temper.train.worker;

import dev.temper.kernel.FailedAllocationException;
import java.util.Arrays;

/**
 * How many tokens a worker takes in one forward pass: fewer after each that found no memory, for the rest of the run.
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

    /** Takes no more from now on than what was found to fit before. */
    public void limit(int found) {
        tokens = Math.min(tokens, found);
    }

    /**
     * Half of what found no memory, but not less than its longest row, which cannot be cut.
     *
     * @param lengths tokens of each of its rows
     * @throws TooLongRowException when it was a single row
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
