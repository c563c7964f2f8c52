package dev.temper.spark;

import dev.temper.check.InvalidInputException;
import dev.temper.spark.SourceFiles.Kind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.util.Iterator;
import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskCompletionListener;

/** The rows of one slice of a text file, and its end; what is wrong with the file is told there and not thrown. */
final class SliceRows {
    private final HadoopStore store;
    private final FileSlice slice;
    private final ReadTable table;
    private FileRows rows; // null before the first row

    private SliceRows(HadoopStore store, FileSlice slice, ReadTable table) {
        this.store = store;
        this.slice = slice;
        this.table = table;
    }

    static Iterator<ReadRow> of(HadoopStore store, FileSlice slice, ReadTable table) {
        return new RowsAndEnd(new SliceRows(store, slice, table)::advance);
    }

    private ReadRow advance() {
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
            String[] columns = rows == null ? new String[0] : rows.columns().toArray(String[]::new);
            if (rows != null) {
                rows.close();
            }
            return ReadRow.endOf(slice.file().index(), columns, error);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void close(StrictReader reader) {
        try {
            reader.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private FileRows open() throws IOException {
        StrictReader reader = StrictReader.open(store, slice, Charset.forName(table.encoding()));
        TaskCompletionListener close = task -> close(reader);
        TaskContext.get().addTaskCompletionListener(close); // when not all rows are wanted
        if (slice.file().kind() != Kind.JSON) {
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
