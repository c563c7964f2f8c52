package dev.temper.spark.reading;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Supplier;

/** Rows as they are read, one ahead of those that were taken, up to and with the end that tells how reading went. */
final class RowsAndEnd implements Iterator<ReadRow> {
    private final Supplier<ReadRow> source;
    private ReadRow next; // null after the end

    /** @param source reads the first row at once, and is not asked again after the end */
    RowsAndEnd(Supplier<ReadRow> source) {
        this.source = source;
        this.next = source.get();
    }

    @Override
    public boolean hasNext() {
        return next != null;
    }

    @Override
    public ReadRow next() {
        if (next == null) {
            throw new NoSuchElementException();
        }
        ReadRow row = next;
        next = row.isEnd() ? null : source.get();
        return row;
    }
}
