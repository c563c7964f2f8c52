package dev.temper.spark.reading;

import static dev.temper.check.Check.check;

import dev.temper.check.InvalidInputException;
import dev.temper.spark.storage.HadoopStore;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.page.DictionaryPage;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.RecordReader;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;
import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskCompletionListener;

/**
 * The rows of some row groups of a Parquet file, followed by an end marker; errors in the file are reported in the
 * marker and not thrown.
 */
final class ParquetSliceRows implements Closeable {
    private final HadoopStore store;
    private final ParquetSlice slice;
    private final ReadTable table;
    private ParquetSource.Opened opened; // null before the first row
    private ParquetValues values;
    private RecordReader<ReadRow> records;
    private int group; // the next row group
    private long left; // remaining rows of this row group

    ParquetSliceRows(HadoopStore store, ParquetSlice slice, ReadTable table) {
        this.store = store;
        this.slice = slice;
        this.table = table;
        this.group = slice.firstGroup();
    }

    /** The rows for a Spark task, closed when the task completes. */
    static Iterator<ReadRow> of(HadoopStore store, ParquetSlice slice, ReadTable table) {
        ParquetSliceRows rows = new ParquetSliceRows(store, slice, table);
        TaskCompletionListener close = task -> rows.close();
        TaskContext.get().addTaskCompletionListener(close); // also when the task does not read all rows
        return new RowsAndEnd(rows::advance);
    }

    /** The next row. After the last row it returns the end marker, and must not be called again. */
    ReadRow advance() {
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
        } catch (OutOfMemoryError e) { // a damaged page may request any amount of memory
            return end(("data: %s asks for more memory than Java has, %,d MiB: write it with smaller row groups and"
                            + " pages, or give the process more")
                    .formatted(slice.file().source(), Runtime.getRuntime().maxMemory() >> 20));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void open() throws IOException {
        opened = ParquetSource.open(store, slice.file());
        MessageType all = opened.reader().getFileMetaData().getSchema();
        List<Type> wanted = new ArrayList<>();
        table.columns().stream()
                .filter(column -> all.containsField(column.name()))
                .forEach(column -> wanted.add(all.getType(column.name())));
        MessageType schema = new MessageType(all.getName(), wanted);
        opened.use(reader -> {
            reader.setRequestedSchema(schema);
            values = new ParquetValues(slice, table, schema);
            return schema;
        });
    }

    private long openGroup() throws IOException {
        MessageType schema = values.schema();
        verifySize(schema, opened.reader().getRowGroups().get(group));
        PageReadStore pages = opened.reader().readRowGroup(group++);
        for (ColumnDescriptor column : schema.getColumns()) {
            verify(pages.getPageReader(column).readDictionaryPage());
        }
        records = new ColumnIOFactory().getColumnIO(schema, schema).getRecordReader(pages, values);
        left = pages.getRowCount();
        return left;
    }

    // All columns of a row group that are read are in memory at once, compressed.
    private void verifySize(MessageType schema, BlockMetaData rows) {
        long bytes = rows.getColumns().stream()
                .filter(chunk -> schema.containsPath(chunk.getPath().toArray()))
                .mapToLong(ColumnChunkMetaData::getTotalSize)
                .sum();
        long most = Math.min(slice.file().file().bytes(), Runtime.getRuntime().maxMemory() / 2);
        check(
                bytes >= 0 && bytes <= most,
                "data: %s has a row group with %,d bytes in the columns that are read, at most %,d fit: write it with"
                        + " smaller row groups",
                slice.file().source(),
                bytes,
                most);
    }

    // A dictionary is allocated for the number of values that its header claims.
    private void verify(DictionaryPage dictionary) {
        check(
                dictionary == null || dictionary.getDictionarySize() <= dictionary.getUncompressedSize(),
                "data: %s is damaged: a page of %d bytes says that it holds %d values; make it anew",
                slice.file().source(),
                dictionary == null ? 0 : dictionary.getUncompressedSize(),
                dictionary == null ? 0 : dictionary.getDictionarySize());
    }

    private ReadRow end(String error) {
        close();
        return ReadRow.endOf(slice.file().index(), new String[0], error);
    }

    @Override
    public void close() {
        try {
            if (opened != null) {
                opened.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
