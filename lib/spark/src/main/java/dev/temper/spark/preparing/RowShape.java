package dev.temper.spark.preparing;

import dev.temper.spark.reading.ReadRow;
import java.io.Serializable;
import java.security.MessageDigest;

/**
 * What columns are for.
 *
 * @param content how many of them make a row's content, the first ones
 * @param options how many of those, the last ones, only where they are not null
 * @param balance which one rows are balanced by; -1 for none
 */
public record RowShape(int content, int options, int balance) implements Serializable {
    public byte[] content(ReadRow row, MessageDigest sha256) {
        return row.content(sha256, content, options);
    }

    String value(ReadRow row) {
        return balance < 0 || row.values()[balance] == null ? "" : row.values()[balance];
    }
}
