package dev.temper.model;

import static dev.temper.check.Check.check;

/** The counts and widths of a network. */
public record Sizes(
        int vocabulary,
        int width,
        int layers,
        int numHeads,
        int numKeyValueHeads,
        int headSize,
        int feedForward,
        int maxPositions) {
    // Far above the largest models that are known: 126 layers, 16,384 wide, 262,208 tokens, 10,485,760 positions. What
    // follows from numbers below these fits into a long, and a list of all parameters into little memory.
    private static final int MAX_LAYERS = 2_000;
    private static final int MAX_WIDTH = 1 << 20;
    private static final int MAX_ROWS = 1 << 27;

    public Sizes {
        verify("layers", layers, MAX_LAYERS);
        verify("the width", width, MAX_WIDTH);
        verify("the vocabulary", vocabulary, MAX_ROWS);
        verify("the heads", numHeads, MAX_WIDTH);
        verify("the size of a head", headSize, MAX_WIDTH);
        verify("the width of the feed-forward", feedForward, 16 * MAX_WIDTH);
        verify("the positions", maxPositions, MAX_ROWS);
        check(
                (long) numHeads * headSize <= MAX_WIDTH,
                "config.json: %d heads of size %d are wider than the %d that a model may be",
                numHeads,
                headSize,
                MAX_WIDTH);
        check(
                numKeyValueHeads > 0 && numHeads % numKeyValueHeads == 0,
                "config.json: num_attention_heads %d must be a multiple of num_key_value_heads %d",
                numHeads,
                numKeyValueHeads);
    }

    private static void verify(String what, int size, int most) {
        check(size > 0 && size <= most, "config.json: %s must be between 1 and %d, got %d", what, most, size);
    }
}
