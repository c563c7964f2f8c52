package dev.temper.spark.reading;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.nearest;
import static dev.temper.check.Check.some;

import dev.temper.check.InvalidInputException;
import dev.temper.spark.source.FileKind;
import dev.temper.spark.source.Sources.InputFile;
import dev.temper.text.DataConfig;
import dev.temper.text.InputColumn;
import dev.temper.text.InputColumn.Content;
import java.io.Serializable;
import java.nio.charset.Charset;
import java.nio.charset.IllegalCharsetNameException;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Columns and layout of CSV, TSV, JSON lines, JSON or Parquet files; {@link TableRows} reads them.
 *
 * <p>Columns are read as text, in the encoding of {@link InputColumn}. Further columns are {@code _source} (the file,
 * as the recipe names it), {@code _row_number} (from 1; in JSON lines the line number), {@code _content} (SHA-256 of
 * the columns), and {@code _reason} and {@code _detail} for rows that could not be parsed. None of them depends on how
 * the files are split into tasks.
 *
 * @param columns to read
 * @param encoding of CSV and JSON files; a byte order mark is skipped
 * @param delimiter of CSV files; TSV files use a tab if it is a comma
 * @param header whether the first row of a CSV file names the columns; otherwise they are {@code _c0}, {@code _c1}, …
 * @param maxCharacters limit for all columns of a row together; a longer row is rejected and never in memory as a whole
 */
public record ReadTable(List<InputColumn> columns, String encoding, String delimiter, boolean header, int maxCharacters)
        implements Serializable {
    private static final List<String> OWN_COLUMNS =
            List.of("_source", "_row_number", "_content", "_row_id", "_reason", "_detail", "_split");

    public ReadTable {
        columns = List.copyOf(columns);
        check(!columns.isEmpty(), "data.columns must name a column");
        for (InputColumn column : columns) {
            String name = column.name();
            check(!OWN_COLUMNS.contains(name), "data.columns: %s is a name of ours: rename that column", name);
        }
        check(isCharset(encoding), "data.encoding: %s is no encoding that this Java knows", encoding);
    }

    /** With the default limit of characters. */
    ReadTable(List<InputColumn> columns, String encoding, String delimiter, boolean header) {
        this(columns, encoding, delimiter, header, DataConfig.MAX_CHARACTERS);
    }

    /** A copy with other columns. */
    ReadTable of(List<InputColumn> others) {
        return new ReadTable(others, encoding, delimiter, header, maxCharacters);
    }

    public static ReadTable of(List<InputColumn> columns, DataConfig data) {
        return new ReadTable(columns, data.encoding(), data.delimiter(), data.header(), data.maxCharacters());
    }

    /** Number of columns, the last ones, that are part of a row's content only if they are not null. */
    public static int options(List<InputColumn> columns) {
        return (int) columns.stream()
                .filter(column -> column.content() == Content.OPTION)
                .count();
    }

    /** The user's mistake that caused a failure of Spark; empty if there is another cause. */
    public static Optional<InvalidInputException> mistake(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof InvalidInputException mistake) {
                return Optional.of(mistake);
            }
        }
        return Optional.empty();
    }

    /** The schema of the columns to read and our own columns. */
    public StructType schema() {
        StructType schema = new StructType();
        for (InputColumn column : columns) {
            schema = schema.add(column.name(), DataTypes.StringType);
        }
        return schema.add("_source", DataTypes.StringType)
                .add("_row_number", DataTypes.LongType)
                .add("_content", DataTypes.StringType)
                .add("_reason", DataTypes.StringType)
                .add("_detail", DataTypes.StringType);
    }

    String delimiter(InputFile file) {
        return file.kind() == FileKind.TSV && delimiter.equals(",") ? "\t" : delimiter;
    }

    /** Checks that a file has a required column. */
    public void verifyHas(String source, InputColumn column, Collection<String> names) {
        List<String> named = names.stream().filter(name -> !name.isEmpty()).toList();
        check(
                !column.required() || named.contains(column.name()),
                "data: %s has no column %s%s; it has %s",
                source,
                column.name(),
                nearest(column.name(), named).map(name -> " (" + name + "?)").orElse(""),
                some(named));
    }

    private static boolean isCharset(String name) {
        try {
            return Charset.isSupported(name);
        } catch (IllegalCharsetNameException e) {
            return false;
        }
    }
}
