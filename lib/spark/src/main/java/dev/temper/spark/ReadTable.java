package dev.temper.spark;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;
import static dev.temper.check.Check.nearest;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat_ws;
import static org.apache.spark.sql.functions.from_json;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.sha2;

import dev.temper.check.InvalidInputException;
import dev.temper.spark.SourceFiles.SourceFile;
import dev.temper.text.DataConfig;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.IllegalCharsetNameException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Reads CSV, JSON lines or Parquet as rows that can be found again.
 *
 * <p>Beside the columns asked for: {@code source} (the file, as the recipe names it), {@code row_number} (1 is the
 * first row; of JSON lines the number of the line), {@code content} (SHA-256 of the columns), {@code row_id} (hash of
 * source, content and how many equal rows stand before it), and {@code reason}, {@code detail} where a row could not be
 * parsed. None of these depends on how Spark cuts the files. Rows come in no order.
 *
 * @param columns what to read
 * @param encoding of CSV and JSON lines; a byte order mark is skipped
 * @param header whether the first row of a CSV names its columns; otherwise they are {@code _c0}, {@code _c1}, …
 */
public record ReadTable(List<String> columns, String encoding, String delimiter, boolean header) {
    private static final List<String> OWN_COLUMNS =
            List.of("source", "row_number", "content", "row_id", "reason", "detail", "split");
    private static final String MALFORMED = "_malformed"; // the record that could not be parsed
    private static final String FILE = "_file";
    private static final String ROW = "_row"; // null where rows are counted as they come

    private static final Pattern OTHER_HEADER = Pattern.compile("(?s)CSV header.*?CSV file: (\\S+)");

    public ReadTable {
        columns = List.copyOf(columns);
        for (String column : columns) {
            check(!OWN_COLUMNS.contains(column), "data.columns: %s is a name of ours: rename that column", column);
        }
        check(isCharset(encoding), "data.encoding: %s is no encoding that this Java knows", encoding);
    }

    public static ReadTable of(List<String> columns, DataConfig data) {
        return new ReadTable(columns, data.encoding(), data.delimiter(), data.header());
    }

    /** @throws dev.temper.check.InvalidInputException when it is missing, empty, or lacks a column */
    public Dataset<Row> read(SparkSession spark, String location) throws IOException {
        return read(spark, SourceFiles.find(HadoopStore.of(spark), location));
    }

    Dataset<Row> read(SparkSession spark, SourceFiles files) {
        Dataset<Row> rows =
                switch (files.kind()) {
                    case CSV -> csv(spark, files);
                    case JSON_LINES -> jsonLines(spark, files);
                    case PARQUET -> parquet(spark, files);
                };
        StructType schema = new StructType();
        for (String column : columns) {
            schema = schema.add(rows.schema().apply(column));
        }
        schema = schema.add("source", DataTypes.StringType)
                .add("row_number", DataTypes.LongType)
                .add("content", DataTypes.StringType)
                .add("reason", DataTypes.StringType)
                .add("detail", DataTypes.StringType);
        Map<String, String> sources = new HashMap<>();
        for (SourceFile file : files.files()) {
            sources.put(HadoopStore.hadoopPath(file.location()).toString(), file.source());
        }
        Column occurrence =
                row_number().over(Window.partitionBy("source", "content").orderBy("row_number"));
        return rows.mapPartitions(new NumberRows(columns.size(), sources), Encoders.row(schema))
                .repartition(files.partitions(spark), col("source"), col("content"))
                .withColumn("_occurrence", occurrence)
                .withColumn(
                        "row_id",
                        sha2(concat_ws("\n", col("source"), col("content"), col("_occurrence")), 256)
                                .substr(1, 32))
                .drop("_occurrence");
    }

    private Dataset<Row> csv(SparkSession spark, SourceFiles files) {
        StructType schema = csvReader(spark).csv(paths(files)).schema();
        requireColumns(schema, files.location());
        Dataset<Row> rows = csvReader(spark)
                .schema(schema.add(MALFORMED, DataTypes.StringType))
                .csv(paths(files));
        return rows.select(with("", col(MALFORMED), col("_metadata.file_path"), lit(null)));
    }

    private DataFrameReader csvReader(SparkSession spark) {
        return spark.read()
                .option("header", header)
                .option("sep", delimiter)
                .option("encoding", encoding)
                .option("escape", "\"")
                .option("nullValue", "\u0000") // otherwise a quoted empty field would be null, too
                .option(
                        "multiLine",
                        true) // quoted line ends; also makes a file one task's, so that its rows are counted
                .option("enforceSchema", false) // all files of a folder must have the same header
                .option("columnNameOfCorruptRecord", MALFORMED);
    }

    private Dataset<Row> jsonLines(SparkSession spark, SourceFiles files) {
        HadoopStore store = HadoopStore.of(spark);
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        String charset = encoding;
        Dataset<Row> lines = spark.createDataFrame(
                context.parallelize(files.files(), files.files().size())
                        .flatMap(file -> JsonLines.open(store, file.location(), charset)),
                JsonLines.SCHEMA);
        StructType inferred = spark.read()
                .option("columnNameOfCorruptRecord", MALFORMED)
                .json(lines.select(JsonLines.LINE).as(Encoders.STRING()))
                .schema();
        requireColumns(inferred, files.location());
        StructType wanted = new StructType();
        for (String column : columns) {
            wanted = wanted.add(inferred.apply(column));
        }
        Column parsed = from_json(
                col(JsonLines.LINE),
                wanted.add(MALFORMED, DataTypes.StringType),
                Map.of("columnNameOfCorruptRecord", MALFORMED));
        return lines.withColumn("_parsed", parsed)
                .select(with("_parsed.", col("_parsed." + MALFORMED), col(JsonLines.FILE), col(JsonLines.NUMBER)));
    }

    private Dataset<Row> parquet(SparkSession spark, SourceFiles files) {
        Dataset<Row> rows = spark.read().parquet(paths(files));
        requireColumns(rows.schema(), files.location());
        Column number = col("_metadata.row_index").plus(1);
        return rows.select(with("", lit(null), col("_metadata.file_path"), number));
    }

    /** The mistake in the data behind a failure of Spark, if it is one. */
    static Optional<InvalidInputException> mistake(Exception failure) {
        Matcher header = OTHER_HEADER.matcher(String.valueOf(failure.getMessage()));
        return header.find()
                ? Optional.of(invalid("data: %s has another header than the first file of its folder", header.group(1)))
                : Optional.empty();
    }

    /** The layout that {@link NumberRows} reads. */
    private Column[] with(String prefix, Column malformed, Column file, Column number) {
        Stream<Column> own = Stream.of(
                malformed.cast(DataTypes.StringType).as(MALFORMED),
                file.as(FILE),
                number.cast(DataTypes.LongType).as(ROW));
        return Stream.concat(
                        columns.stream().map(column -> col(prefix + "`" + column.replace("`", "``") + "`")
                                .as(column)),
                        own)
                .toArray(Column[]::new);
    }

    private void requireColumns(StructType schema, String location) {
        List<String> names = new ArrayList<>(Arrays.asList(schema.fieldNames()));
        names.remove(MALFORMED);
        for (String column : columns) {
            check(
                    names.contains(column),
                    "data: %s has no column %s%s; it has %s",
                    location,
                    column,
                    nearest(column, names).map(name -> " (" + name + "?)").orElse(""),
                    String.join(", ", names));
        }
    }

    // Spark reads *, ?, [ and { in a path as a pattern.
    private static String[] paths(SourceFiles files) {
        return files.files().stream()
                .map(file -> HadoopStore.hadoopPath(file.location()).toString())
                .map(path -> path.replaceAll("([\\[\\]{}*?\\\\])", "\\\\$1"))
                .toArray(String[]::new);
    }

    private static boolean isCharset(String name) {
        try {
            return Charset.isSupported(name);
        } catch (IllegalCharsetNameException e) {
            return false;
        }
    }
}
