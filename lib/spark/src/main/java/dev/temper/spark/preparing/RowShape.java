package dev.temper.spark.preparing;

import dev.temper.spark.reading.ReadRow;
import java.io.Serializable;
import java.security.MessageDigest;

/**
 * The roles of the columns that are read.
 *
 * @param content the first {@code content} columns make up a row's content
 * @param options the last {@code options} of those only count if they are not null
 * @param balance index of the column {@code balance_by}; -1: none
 */
public record RowShape(int content, int options, int balance) implements Serializable {
    /** Hash of a row's content. */
    public byte[] content(ReadRow row, MessageDigest sha256) {
        return row.content(sha256, content, options);
    }

    String value(ReadRow row) {
        return balance < 0 || row.values()[balance] == null ? "" : row.values()[balance];
    }
}
