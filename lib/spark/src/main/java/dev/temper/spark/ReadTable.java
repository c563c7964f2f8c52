package dev.temper.spark;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.nearest;
import static dev.temper.check.Check.some;

import dev.temper.check.InvalidInputException;
import dev.temper.spark.SourceFiles.Kind;
import dev.temper.spark.SourceFiles.Use;
import dev.temper.spark.Sources.InputFile;
import dev.temper.storage.Hashes;
import dev.temper.text.DataConfig;
import dev.temper.text.InputColumn;
import dev.temper.text.InputColumn.Content;
import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.Charset;
import java.nio.charset.IllegalCharsetNameException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Reads CSV, TSV, JSON lines, JSON or Parquet as rows that can be found again.
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

    /**
     * The rows of one location, in order within each file. A file that cannot be read fails when its rows are asked
     * for: {@link #mistake} finds the reason.
     *
     * @throws dev.temper.check.InvalidInputException when the location is missing or empty
     */
    public Dataset<Row> read(SparkSession spark, String location) throws IOException {
        HadoopStore store = HadoopStore.of(spark);
        Sources sources = Sources.of(store, SourceFiles.find(store, location, Use.TRAIN));
        JavaRDD<Row> rows = withOwnColumns(sources, rows(spark, sources, FileChunks.unread(sources)));
        return spark.createDataset(rows.rdd(), Encoders.row(schema()));
    }

    /** How many columns, the last ones, belong to a row's content only where they say something. */
    static int options(List<InputColumn> columns) {
        return (int) columns.stream()
                .filter(column -> column.content() == Content.OPTION)
                .count();
    }

    JavaRDD<Row> withOwnColumns(Sources sources, JavaRDD<ReadRow> read) {
        List<String> names = sources.files().stream().map(InputFile::source).toList();
        StructType schema = schema();
        int count = columns.size();
        int options = options(columns);
        return read.filter(ReadRow::isRow).map(row -> {
            Object[] values = new Object[schema.length()];
            System.arraycopy(row.values(), 0, values, 0, count);
            values[count] = names.get(row.file());
            values[count + 1] = row.number();
            values[count + 2] = Hashes.hex(row.content(Hashes.sha256(), count, options));
            values[count + 3] = row.reason();
            values[count + 4] = row.detail();
            return new GenericRowWithSchema(values, schema);
        });
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
    StructType schema() {
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

    /** All rows and, behind those of each text file or slice, its end. */
    JavaRDD<ReadRow> rows(SparkSession spark, Sources sources, FileChunks chunks) {
        List<JavaRDD<ReadRow>> parts = new ArrayList<>();
        List<FileSlice> slices = chunks.slices(sources, Charset.forName(encoding));
        if (!slices.isEmpty()) {
            HadoopStore store = HadoopStore.of(spark);
            parts.add(JavaSparkContext.fromSparkContext(spark.sparkContext())
                    .parallelize(slices, Math.min(slices.size(), sources.partitions(spark)))
                    .flatMap(slice -> SliceRows.of(store, slice, this)));
        }
        sources.files().stream()
                .filter(file -> file.kind() == Kind.PARQUET)
                .map(file -> file.origin().number())
                .distinct()
                .sorted()
                .forEach(origin ->
                        parts.add(new ParquetRows(this, sources, origin).read(spark, sources.partitions(spark))));
        return parts.stream().reduce(JavaRDD::union).orElseThrow();
    }

    String delimiter(InputFile file) {
        return file.kind() == Kind.TSV && delimiter.equals(",") ? "\t" : delimiter;
    }

    void verifyHas(String source, InputColumn column, Collection<String> names) {
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
