package dev.temper.spark.reading;

import dev.temper.spark.source.FileChunks;
import dev.temper.spark.source.FileKind;
import dev.temper.spark.source.FileSlice;
import dev.temper.spark.source.SourceFiles;
import dev.temper.spark.source.SourceFiles.Use;
import dev.temper.spark.source.Sources;
import dev.temper.spark.source.Sources.InputFile;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.storage.Hashes;
import java.io.IOException;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.StructType;

/**
 * Reads the rows of several files in parallel.
 *
 * @param chunks where text files are split
 */
public record TableRows(ReadTable table, Sources sources, FileChunks chunks) {
    /**
     * The rows of one location, in order within each file. A malformed file fails when its rows are evaluated;
     * {@link ReadTable#mistake} extracts the reason.
     *
     * @throws dev.temper.check.InvalidInputException when the location is missing or empty
     */
    public static Dataset<Row> read(SparkSession spark, String location, ReadTable table) throws IOException {
        HadoopStore store = HadoopStore.of(spark);
        Sources sources = Sources.of(store, SourceFiles.find(store, location, Use.TRAIN));
        JavaRDD<Row> rows = new TableRows(table, sources, FileChunks.unread(sources)).withOwnColumns(spark);
        return spark.createDataset(rows.rdd(), Encoders.row(table.schema()));
    }

    /** The rows with our own columns for position, content hash and problems. */
    public JavaRDD<Row> withOwnColumns(SparkSession spark) {
        List<String> names = sources.files().stream().map(InputFile::source).toList();
        StructType schema = table.schema();
        int count = table.columns().size();
        int options = ReadTable.options(table.columns());
        return read(spark).filter(ReadRow::isRow).map(row -> {
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

    /** All rows and, after those of each text file or slice, its end marker. */
    public JavaRDD<ReadRow> read(SparkSession spark) {
        List<JavaRDD<ReadRow>> parts = new ArrayList<>();
        ReadTable wanted = table;
        List<FileSlice> slices = chunks.slices(sources, Charset.forName(table.encoding()));
        if (!slices.isEmpty()) {
            HadoopStore store = HadoopStore.of(spark);
            parts.add(JavaSparkContext.fromSparkContext(spark.sparkContext())
                    .parallelize(slices, Math.min(slices.size(), sources.partitions(spark)))
                    .flatMap(slice -> SliceRows.of(store, slice, wanted)));
        }
        sources.files().stream()
                .filter(file -> file.kind() == FileKind.PARQUET)
                .map(file -> file.origin().number())
                .distinct()
                .sorted()
                .forEach(origin ->
                        parts.add(new ParquetRows(table, sources, origin).read(spark, sources.partitions(spark))));
        return parts.stream().reduce(JavaRDD::union).orElseThrow();
    }
}
