package dev.temper.spark.preparing;

import dev.temper.text.TokenRow;

/**
 * A row of a prepared data set.
 *
 * @param source the file it comes from, as the recipe names it
 * @param rowNumber position in the file, from 1
 * @param label what it teaches besides its tokens, as {@link dev.temper.text.LabelFormat} carries it; or empty
 * @param cut number of tokens removed by truncation
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record PreparedRow(
        String rowId, String source, long rowNumber, Split split, TokenRow tokens, int[] label, int cut) {
    /** The use of a row. */
    public enum Split {
        TRAIN,
        EVAL
    }
}
