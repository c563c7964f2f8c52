package dev.temper.spark;

import dev.temper.check.InvalidInputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.RecordReader;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;
import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskCompletionListener;

/** The rows of some row groups of a Parquet file, and its end; what is wrong with it is told there and not thrown. */
final class ParquetSliceRows {
    private final HadoopStore store;
    private final ParquetRows.Slice slice;
    private final ReadTable table;
    private ParquetSource.Opened opened; // null before the first row
    private ParquetValues values;
    private RecordReader<ReadRow> records;
    private int group; // the next one
    private long left; // rows of this one

    private ParquetSliceRows(HadoopStore store, ParquetRows.Slice slice, ReadTable table) {
        this.store = store;
        this.slice = slice;
        this.table = table;
        this.group = slice.firstGroup();
    }

    static Iterator<ReadRow> of(HadoopStore store, ParquetRows.Slice slice, ReadTable table) {
        return new RowsAndEnd(new ParquetSliceRows(store, slice, table)::advance);
    }

    private ReadRow advance() {
        try {
            if (opened == null) {
                open();
            }
            while (left == 0 && group < slice.firstGroup() + slice.groups()) {
                opened.use(reader -> openGroup());
            }
            if (left == 0) {
                return end(null);
            }
            left--;
            return opened.use(reader -> records.read());
        } catch (InvalidInputException e) {
            return end(e.getMessage());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void open() throws IOException {
        opened = ParquetSource.open(store, slice.file());
        ParquetSource.Opened file = opened;
        TaskCompletionListener close = task -> close(file);
        TaskContext.get().addTaskCompletionListener(close); // when not all rows are wanted
        MessageType all = opened.reader().getFileMetaData().getSchema();
        List<Type> wanted = new ArrayList<>();
        table.columns().stream()
                .filter(column -> all.containsField(column.name()))
                .forEach(column -> wanted.add(all.getType(column.name())));
        MessageType schema = new MessageType(all.getName(), wanted);
        opened.use(reader -> {
            reader.setRequestedSchema(schema);
            values = new ParquetValues(slice, table.columns(), schema);
            return schema;
        });
    }

    private long openGroup() throws IOException {
        PageReadStore pages = opened.reader().readRowGroup(group++);
        MessageType schema = values.schema();
        records = new ColumnIOFactory().getColumnIO(schema, schema).getRecordReader(pages, values);
        left = pages.getRowCount();
        return left;
    }

    private ReadRow end(String error) {
        if (opened != null) {
            close(opened);
        }
        return ReadRow.endOf(slice.file().index(), new String[0], error);
    }

    private static void close(ParquetSource.Opened file) {
        try {
            file.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
