package dev.temper.spark;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.function.UnaryOperator;
import org.apache.spark.sql.Row;

/**
 * Maps rows in windows of a fixed number, or fewer where texts are long. Preserves the order; a partition is never held
 * in memory as a whole.
 */
final class RowWindows implements Iterator<Row> {
    private static final long MAX_CHARACTERS = 1 << 20; // of a window; a longer row is a window of its own

    private final Iterator<Row> rows;
    private final int size;
    private final UnaryOperator<List<Row>> change;
    private Iterator<Row> ready = Collections.emptyIterator();

    /**
     * @param size rows per window
     * @param change returns as many rows as it receives
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
            long characters = 0;
            do {
                window.add(rows.next());
                characters += characters(window.get(window.size() - 1));
            } while (window.size() < size && characters < MAX_CHARACTERS && rows.hasNext());
            ready = change.apply(window).iterator();
        }
        return ready.next();
    }

    private static long characters(Row row) {
        long characters = 0;
        for (int i = 0; i < row.size(); i++) {
            characters += row.get(i) instanceof String text ? text.length() : 0;
        }
        return characters;
    }
}
