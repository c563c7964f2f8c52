package dev.temper.spark.preparing;

import dev.temper.text.TokenRow;
import java.util.OptionalInt;

/**
 * A row of a prepared data set.
 *
 * @param source the file it comes from, as the recipe names it
 * @param rowNumber 1 is the first row of the file
 * @param label its class, where rows have one
 * @param cut tokens that its end has lost
 */
public record PreparedRow(
        String rowId, String source, long rowNumber, Split split, TokenRow tokens, OptionalInt label, int cut) {
    /** What a row is for. */
    public enum Split {
        TRAIN,
        EVAL
    }
}
