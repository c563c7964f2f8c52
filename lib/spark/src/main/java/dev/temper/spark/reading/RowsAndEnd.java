package dev.temper.spark.reading;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Supplier;

/** An iterator over rows up to and including the end marker; it reads one row ahead. */
final class RowsAndEnd implements Iterator<ReadRow> {
    private final Supplier<ReadRow> source;
    private ReadRow next; // null after the end marker

    /** @param source reads the next row; called at once, and never after the end marker */
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
