package dev.temper.spark;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.function.UnaryOperator;
import org.apache.spark.sql.Row;

/** Rows changed some at a time, in their order; a partition never sits in memory. */
final class RowWindows implements Iterator<Row> {
    private final Iterator<Row> rows;
    private final int size;
    private final UnaryOperator<List<Row>> change;
    private Iterator<Row> ready = Collections.emptyIterator();

    /**
     * @param size rows at a time
     * @param change gives as many rows as it gets
     */
    RowWindows(Iterator<Row> rows, int size, UnaryOperator<List<Row>> change) {
        this.rows = rows;
        this.size = size;
        this.change = change;
    }

    @Override
    public boolean hasNext() {
        return ready.hasNext() || rows.hasNext();
    }

    @Override
    public Row next() {
        if (!ready.hasNext()) {
            List<Row> window = new ArrayList<>(size);
            do {
                window.add(rows.next());
            } while (window.size() < size && rows.hasNext());
            ready = change.apply(window).iterator();
        }
        return ready.next();
    }
}
