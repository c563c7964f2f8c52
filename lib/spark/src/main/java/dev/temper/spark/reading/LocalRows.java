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
 * Reads the rows of a location in this process, without a Spark session, for commands that need a few rows or no
 * cluster. Files are selected and parsed as in a run.
 */
public final class LocalRows implements Iterator<LocalRows.Row>, Closeable {
    private static final int FIRST = 100;
    /**
     * Columns that may contain a list of objects within a row, so that such a list does not mean that the whole file is
     * one object around its rows.
     */
    private static final List<InputColumn> NESTED = List.of(
            new InputColumn("messages", Content.OPTION, false),
            new InputColumn("conversations", Content.OPTION, false),
            new InputColumn("prompt", Content.OPTION, false),
            new InputColumn("completion", Content.OPTION, false));

    /**
     * A row.
     *
     * @param source its file, as the user named it
     * @param number position in its file, from 1; in JSON lines the line number
     * @param values by column, in the encoding of {@link InputColumn}; may be {@code null}
     * @param trouble why the row would be rejected when it is read, such as a list in place of a text
     */
    public record Row(String source, long number, Map<String, String> values, Optional<String> trouble) {}

    private final HadoopStore store;
    private final ReadTable table;
    private final Iterator<InputFile> files;
    private InputFile file; // null before the first file
    private Closeable open = () -> {};
    private Supplier<ReadRow> rows;
    private ReadRow next; // null after the last row

    private LocalRows(HadoopStore store, ReadTable table, List<InputFile> files) {
        this.store = store;
        this.table = table;
        this.files = files.iterator();
    }

    /**
     * Opens the files of a location.
     *
     * @param table the columns, and the layout of CSV files
     * @throws dev.temper.check.InvalidInputException when there are no files, or they cannot be read
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
     * The columns of the first file of a location: scalars as labels, which may be any text, and nested values as JSON.
     *
     * @param like the layout of CSV files; its columns are ignored
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
