package dev.temper.spark.reading;

import static dev.temper.check.Check.check;

import dev.temper.check.InvalidInputException;
import dev.temper.spark.source.FileKind;
import dev.temper.spark.source.Sources;
import dev.temper.spark.source.Sources.InputFile;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.text.InputColumn;
import dev.temper.text.InputColumn.Content;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/**
 * Reads the rows of the Parquet files of one location. Only the columns to read are considered, in each file by its own
 * schema: other columns, their order and the width of integers do not matter. Spark's own reader requires one schema
 * for all files, with types that it knows, and depends on the session's case sensitivity.
 */
record ParquetRows(ReadTable table, List<InputFile> files) {
    private static final long SLICE_BYTES = 64L << 20; // before compression
    private static final List<CompressionCodecName> UNREAD =
            List.of(CompressionCodecName.BROTLI, CompressionCodecName.LZO); // codecs that Spark does not include

    ParquetRows(ReadTable table, Sources sources, int origin) {
        this(
                table,
                sources.files().stream()
                        .filter(file ->
                                file.kind() == FileKind.PARQUET && file.origin().number() == origin)
                        .toList());
    }

    /** From a footer: which of the columns to read exist, and the sizes of the row groups. */
    private record Footer(InputFile file, List<String> columns, List<Group> groups, String error)
            implements Serializable {}

    private record Group(long rows, long bytes) implements Serializable {}

    JavaRDD<ReadRow> read(SparkSession spark, int partitions) {
        HadoopStore store = HadoopStore.of(spark);
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        ReadTable wanted = table;
        List<Footer> footers = context.parallelize(files, files.size())
                .map(file -> footer(store, wanted, file))
                .collect();
        List<ParquetSlice> slices = new ArrayList<>();
        for (Footer footer : footers) {
            check(footer.error() == null, "%s", footer.error());
            check(
                    footer.columns().equals(footers.get(0).columns()),
                    "data: %s has other columns than %s: %s, not %s",
                    footer.file().source(),
                    files.get(0).source(),
                    footer.columns(),
                    footers.get(0).columns());
            slices.addAll(slices(footer));
        }
        return context.parallelize(slices, Math.max(1, Math.min(slices.size(), partitions)))
                .flatMap(slice -> ParquetSliceRows.of(store, slice, wanted));
    }

    /** All rows of one file, after the same check of its columns. */
    static ParquetSlice whole(HadoopStore store, ReadTable table, InputFile file) throws IOException {
        Footer footer = footer(store, table, file);
        check(footer.error() == null, "%s", footer.error());
        return new ParquetSlice(file, 0, footer.groups().size(), 1);
    }

    /** The columns of a file: scalars as labels, which may be any text, and others as nested values. */
    static List<InputColumn> columns(HadoopStore store, InputFile file) throws IOException {
        try (ParquetSource.Opened opened = ParquetSource.open(store, file)) {
            return opened.reader().getFileMetaData().getSchema().getFields().stream()
                    .flatMap(type -> Stream.of(Content.LABEL, Content.JSON)
                            .filter(content -> ParquetValues.isRight(type, content))
                            .limit(1)
                            .map(content -> new InputColumn(type.getName(), content, false)))
                    .toList();
        }
    }

    private static List<ParquetSlice> slices(Footer footer) {
        List<ParquetSlice> slices = new ArrayList<>();
        long row = 1;
        long firstRow = 1;
        int first = 0;
        long bytes = 0;
        for (int i = 0; i < footer.groups().size(); i++) {
            bytes += footer.groups().get(i).bytes();
            row += footer.groups().get(i).rows();
            if (bytes >= SLICE_BYTES || i == footer.groups().size() - 1) {
                slices.add(new ParquetSlice(footer.file(), first, i + 1 - first, firstRow));
                first = i + 1;
                firstRow = row;
                bytes = 0;
            }
        }
        return slices;
    }

    // A mistake is returned and not thrown, as Spark would retry the task.
    private static Footer footer(HadoopStore store, ReadTable table, InputFile file) throws IOException {
        try (ParquetSource.Opened opened = ParquetSource.open(store, file)) {
            return opened.use(reader -> footer(table, file, reader));
        } catch (InvalidInputException e) {
            return new Footer(file, List.of(), List.of(), e.getMessage());
        }
    }

    private static Footer footer(ReadTable table, InputFile file, ParquetFileReader reader) {
        MessageType schema = reader.getFileMetaData().getSchema();
        List<String> columns = new ArrayList<>();
        for (InputColumn column : table.columns()) {
            List<String> names = schema.getFields().stream().map(Type::getName).toList();
            table.verifyHas(file.source(), column, names);
            long count = names.stream().filter(column.name()::equals).count();
            check(count < 2, "data: %s has two columns %s: rename one", file.source(), column.name());
            if (count > 0) {
                columns.add(column.name());
                verify(file, column, schema.getType(column.name()), reader.getRowGroups());
            }
        }
        List<Group> groups = reader.getRowGroups().stream()
                .map(group -> new Group(group.getRowCount(), group.getTotalByteSize()))
                .toList();
        return new Footer(file, columns, groups, null);
    }

    // A column in which every value is null may have any type: writers choose one arbitrarily then.
    private static void verify(InputFile file, InputColumn column, Type type, List<BlockMetaData> groups) {
        for (BlockMetaData group : groups) {
            for (ColumnChunkMetaData chunk : group.getColumns()) {
                if (!chunk.getPath().toArray()[0].equals(column.name())) {
                    continue;
                }
                boolean hasValues = chunk.getStatistics() != null
                        && chunk.getStatistics().isNumNullsSet()
                        && chunk.getStatistics().getNumNulls() < chunk.getValueCount();
                check(
                        !hasValues || ParquetValues.isRight(type, column.content()),
                        "%s",
                        ParquetValues.wrong(file.source(), column, type));
                check(
                        !UNREAD.contains(chunk.getCodec()),
                        "data: %s: column %s is compressed with %s, which is not read: write it with snappy or zstd",
                        file.source(),
                        column.name(),
                        chunk.getCodec());
            }
        }
    }
}
