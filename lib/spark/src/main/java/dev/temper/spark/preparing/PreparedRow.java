package dev.temper.spark.preparing;

import dev.temper.text.TokenRow;
import java.util.OptionalInt;

/**
 * A row of a prepared data set.
 *
 * @param source the file it comes from, as the recipe names it
 * @param rowNumber position in the file, from 1
 * @param label index of its class; empty for formats without classes
 * @param cut number of tokens removed by truncation
 */
public record PreparedRow(
        String rowId, String source, long rowNumber, Split split, TokenRow tokens, OptionalInt label, int cut) {
    /** The use of a row. */
    public enum Split {
        TRAIN,
        EVAL
    }
}
