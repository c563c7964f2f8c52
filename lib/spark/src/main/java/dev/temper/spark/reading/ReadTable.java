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
 * How a table is read from CSV, TSV, JSON lines, JSON or Parquet ({@link TableRows} reads it).
 *
 * <p>The columns asked for are text ({@link InputColumn} says how). Beside them: {@code _source} (the file, as the
 * recipe names it), {@code _row_number} (1 is the first row; of JSON lines the number of the line), {@code _content}
 * (SHA-256 of the columns), and {@code _reason}, {@code _detail} where a row could not be parsed. None of these depends
 * on how Spark cuts the files.
 *
 * @param columns what to read
 * @param encoding of CSV and JSON; a byte order mark is skipped
 * @param delimiter of CSV; a TSV has tabs unless it is no comma
 * @param header whether the first row of a CSV names its columns; otherwise they are {@code _c0}, {@code _c1}, …
 * @param maxCharacters of all columns of a row together; a longer row is rejected, and never in memory whole
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

    /** As recipes have it where they do not say how long a row may be. */
    ReadTable(List<InputColumn> columns, String encoding, String delimiter, boolean header) {
        this(columns, encoding, delimiter, header, DataConfig.MAX_CHARACTERS);
    }

    /** The same for other columns. */
    ReadTable of(List<InputColumn> others) {
        return new ReadTable(others, encoding, delimiter, header, maxCharacters);
    }

    public static ReadTable of(List<InputColumn> columns, DataConfig data) {
        return new ReadTable(columns, data.encoding(), data.delimiter(), data.header(), data.maxCharacters());
    }

    /** How many columns, the last ones, belong to a row's content only where they say something. */
    public static int options(List<InputColumn> columns) {
        return (int) columns.stream()
                .filter(column -> column.content() == Content.OPTION)
                .count();
    }

    /** The mistake in the data behind a failure of Spark, if it is one. */
    public static Optional<InvalidInputException> mistake(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof InvalidInputException mistake) {
                return Optional.of(mistake);
            }
        }
        return Optional.empty();
    }

    /** The columns asked for and our own. */
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
