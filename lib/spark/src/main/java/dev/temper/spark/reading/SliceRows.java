package dev.temper.spark.reading;

import dev.temper.check.InvalidInputException;
import dev.temper.spark.source.FileKind;
import dev.temper.spark.source.FileSlice;
import dev.temper.spark.storage.HadoopStore;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskCompletionListener;

/**
 * The rows of one slice of a text file, followed by an end marker; errors in the file are reported in the marker and
 * not thrown.
 */
final class SliceRows implements Closeable {
    private final HadoopStore store;
    private final FileSlice slice;
    private final ReadTable table;
    private StrictReader reader; // null before the first row
    private FileRows rows; // null before the first row

    SliceRows(HadoopStore store, FileSlice slice, ReadTable table) {
        this.store = store;
        this.slice = slice;
        this.table = table;
    }

    /** The rows for a Spark task, closed when the task completes. */
    static Iterator<ReadRow> of(HadoopStore store, FileSlice slice, ReadTable table) {
        SliceRows rows = new SliceRows(store, slice, table);
        TaskCompletionListener close = task -> rows.close();
        TaskContext.get().addTaskCompletionListener(close); // also when the task does not read all rows
        return new RowsAndEnd(rows::advance);
    }

    /**
     * The columns of a file: those of its first line or, for JSON, those of the first {@code count} rows.
     *
     * @throws InvalidInputException when this part of the file is malformed
     */
    List<String> columns(int count) throws IOException {
        rows = open();
        boolean areNamed = slice.file().kind() != FileKind.JSON;
        for (int i = 0; i < count && !areNamed && rows.hasNext(); i++) {
            rows.next();
        }
        return columns();
    }

    private List<String> columns() {
        return rows == null ? List.of() : rows.columns();
    }

    /** The next row. After the last row it returns the end marker, and must not be called again. */
    ReadRow advance() {
        try {
            if (rows == null) {
                rows = open();
            }
            return rows.hasNext() ? rows.next().within(table.maxCharacters()) : end(null);
        } catch (InvalidInputException e) {
            return end(e.getMessage());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private ReadRow end(String error) {
        try {
            String[] columns = columns().toArray(String[]::new);
            if (rows != null) {
                rows.close();
            }
            return ReadRow.endOf(slice.file().index(), columns, error);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        try {
            if (reader != null) {
                reader.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private FileRows open() throws IOException {
        reader = StrictReader.open(store, slice, Charset.forName(table.encoding()));
        if (slice.file().kind() != FileKind.JSON) {
            return CsvRows.open(reader, slice, table);
        }
        if (slice.isWhole() && reader.isList()) {
            return JsonArray.open(reader, slice, table);
        }
        if (slice.firstLine() == 1) {
            try (StrictReader again = StrictReader.open(store, slice, Charset.forName(table.encoding()))) {
                JsonLayout.verify(again, slice.file().source(), table.columns());
            }
        }
        return JsonLines.open(reader, slice, table);
    }
}
