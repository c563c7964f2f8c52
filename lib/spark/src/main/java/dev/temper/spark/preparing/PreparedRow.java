package dev.temper.spark.preparing;

import dev.temper.text.TokenRow;

/**
 * A row of a prepared data set.
 *
 * @param source the file it comes from, as the recipe names it
 * @param rowNumber 1 is the first row of the file
 * @param label what it teaches besides its tokens, as {@link dev.temper.text.LabelFormat} carries it; or empty
 * @param cut tokens that its end has lost
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record PreparedRow(
        String rowId, String source, long rowNumber, Split split, TokenRow tokens, int[] label, int cut) {
    /** What a row is for. */
    public enum Split {
        TRAIN,
        EVAL
    }
}
