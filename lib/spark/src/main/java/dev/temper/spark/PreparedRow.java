package dev.temper.spark;

import dev.temper.text.TokenRow;

/** A row of a prepared data set. */
public record PreparedRow(String rowId, Split split, TokenRow tokens) {
    /** What a row is for. */
    public enum Split {
        TRAIN,
        EVAL
    }
}
