package dev.temper.spark.reading;

import dev.temper.spark.source.FileKind;
import dev.temper.spark.source.FileSlice;
import dev.temper.spark.source.SourceFiles;
import dev.temper.spark.source.SourceFiles.Use;
import dev.temper.spark.source.Sources;
import dev.temper.spark.source.Sources.InputFile;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.text.InputColumn;
import dev.temper.text.InputColumn.Content;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The rows of a location in their order, read by this process without a session of Spark: for commands that look at a
 * few of them, or need no cluster. Files are chosen and read as a run would choose and read them.
 */
public final class LocalRows implements Iterator<LocalRows.Row>, Closeable {
    private static final int FIRST = 100;
    /** What may be a list of objects within a row, and does not make the file one object with its rows in a list. */
    private static final List<InputColumn> NESTED = List.of(
            new InputColumn("messages", Content.OPTION, false),
            new InputColumn("conversations", Content.OPTION, false),
            new InputColumn("prompt", Content.OPTION, false),
            new InputColumn("completion", Content.OPTION, false));

    /**
     * A row.
     *
     * @param source its file, as the user named it
     * @param number 1 is the first of its file; of JSON lines the number of the line
     * @param values by column, as {@link InputColumn} carries them; {@code null} included
     * @param trouble why it would be rejected as it was read, such as a list where a text must be
     */
    public record Row(String source, long number, Map<String, String> values, Optional<String> trouble) {}

    private final HadoopStore store;
    private final ReadTable table;
    private final Iterator<InputFile> files;
    private InputFile file; // null before the first
    private Closeable open = () -> {};
    private Supplier<ReadRow> rows;
    private ReadRow next; // null after the last

    private LocalRows(HadoopStore store, ReadTable table, List<InputFile> files) {
        this.store = store;
        this.table = table;
        this.files = files.iterator();
    }

    /**
     * Opens the files of a location.
     *
     * @param table which columns, and how a CSV is written
     * @throws dev.temper.check.InvalidInputException when there are none, or they cannot be read
     */
    public static LocalRows open(HadoopStore store, String location, ReadTable table) throws IOException {
        LocalRows rows = new LocalRows(store, table, files(store, location));
        try {
            rows.advance();
            return rows;
        } catch (RuntimeException | Error e) {
            rows.close();
            throw e;
        }
    }

    /**
     * What the first file of a location holds: texts and numbers as labels, which any text is, and nested values as
     * JSON.
     *
     * @param like how a CSV is written; its own columns do not count
     */
    public static List<InputColumn> columns(HadoopStore store, String location, ReadTable like) throws IOException {
        InputFile file = files(store, location).get(0);
        if (file.kind() == FileKind.PARQUET) {
            return ParquetRows.columns(store, file);
        }
        ReadTable table = like.of(NESTED);
        try (SliceRows rows = new SliceRows(store, FileSlice.whole(file), table)) {
            return rows.columns(FIRST).stream()
                    .filter(name -> !name.isEmpty())
                    .distinct()
                    .map(name -> new InputColumn(name, Content.LABEL, false))
                    .toList();
        }
    }

    private static List<InputFile> files(HadoopStore store, String location) throws IOException {
        return Sources.of(store, SourceFiles.find(store, location, Use.TRAIN)).files();
    }

    @Override
    public boolean hasNext() {
        return next != null;
    }

    @Override
    public Row next() {
        if (next == null) {
            throw new NoSuchElementException();
        }
        Map<String, String> values = new LinkedHashMap<>();
        for (int i = 0; i < table.columns().size(); i++) {
            values.put(table.columns().get(i).name(), next.values()[i]);
        }
        Row row = new Row(
                file.source(), next.number(), Collections.unmodifiableMap(values), Optional.ofNullable(next.detail()));
        advance();
        return row;
    }

    private void advance() {
        try {
            ReadRow row = rows == null ? null : rows.get();
            while (row == null || !row.isRow()) {
                open.close();
                if (!files.hasNext()) {
                    next = null;
                    return;
                }
                file = files.next();
                rows = rows(file);
                row = rows.get();
            }
            next = row;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Supplier<ReadRow> rows(InputFile one) throws IOException {
        if (one.kind() == FileKind.PARQUET) {
            ParquetSliceRows parquet = new ParquetSliceRows(store, ParquetRows.whole(store, table, one), table);
            open = parquet;
            return parquet::advance;
        }
        SliceRows text = new SliceRows(store, FileSlice.whole(one), table);
        open = text;
        return text::advance;
    }

    @Override
    public void close() {
        try {
            open.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
