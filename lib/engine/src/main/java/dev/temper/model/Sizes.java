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
    public Sizes {
        check(vocabulary > 0 && width > 0 && layers > 0, "config.json: sizes must be positive");
        check(numHeads > 0 && headSize > 0 && feedForward > 0, "config.json: sizes must be positive");
        check(
                numKeyValueHeads > 0 && numHeads % numKeyValueHeads == 0,
                "config.json: num_attention_heads %d must be a multiple of num_key_value_heads %d",
                numHeads,
                numKeyValueHeads);
    }
}
