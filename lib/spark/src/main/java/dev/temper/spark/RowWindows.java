package dev.temper.spark;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.function.UnaryOperator;
import org.apache.spark.sql.Row;

/** Rows changed some at a time, fewer where their texts are long, in their order; a partition never sits in memory. */
final class RowWindows implements Iterator<Row> {
    private static final long MAX_CHARACTERS = 1 << 20; // a longer row is alone

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
