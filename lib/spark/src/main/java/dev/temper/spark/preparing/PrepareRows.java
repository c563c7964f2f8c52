package dev.temper.spark.preparing;

import dev.temper.spark.RowStage;
import dev.temper.spark.cluster.LeasedFolder;
import dev.temper.spark.preparing.PreparedRow.Split;
import dev.temper.spark.preparing.Survey.Taken;
import dev.temper.spark.preparing.SurveyRows.ByContent;
import dev.temper.spark.preparing.SurveyRows.RowKeys;
import dev.temper.spark.reading.ReadRow;
import dev.temper.spark.reading.ReadRow.Decoded;
import dev.temper.spark.reading.ReadTable;
import dev.temper.spark.reading.TableRows;
import dev.temper.spark.source.FileChunks;
import dev.temper.spark.source.Sources;
import dev.temper.spark.source.Sources.InputFile;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.storage.Hashes;
import java.io.Serializable;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.ml.Transformer;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import scala.Tuple2;

/**
 * Reads all rows twice: {@link #survey} determines which rows are used; {@link #write} sorts them into parts by row
 * number, applies the stages and writes the parts, in one stage after one shuffle. Only the current row, and what
 * sorting a part needs, is in memory.
 *
 * @param shape roles of the columns
 */
record PrepareRows(SparkSession spark, Sources sources, FileChunks chunks, ReadTable table, RowShape shape) {
    private static final int ROWS_PER_PART = 20_000;
    private static final int MAX_STRETCH = 10;
    private static final long BYTES_PER_SURVEY_PARTITION = 8L << 20;
    private static final int MAX_PARTITIONS = 10_000;

    /** The first pass over the rows. */
    Survey survey(RowChoice choice) {
        RowKeys rowKeys = new RowKeys(sources.files(), choice, shape);
        JavaPairRDD<byte[], byte[]> light = rows().read(spark).mapPartitionsToPair(rowKeys::of);
        long forBytes = Math.min(sources.bytes() / BYTES_PER_SURVEY_PARTITION, MAX_PARTITIONS);
        int partitions = (int) Math.max(spark.sparkContext().defaultParallelism(), forBytes);
        JavaRDD<Tuple2<byte[], byte[]>> sorted =
                LeanShuffle.sorted(light, new ByContent(partitions), Arrays::compareUnsigned, byte[].class);
        return Survey.of(table, sources, sorted, choice);
    }

    private TableRows rows() {
        return new TableRows(table, sources, chunks);
    }

    /** All rows as they are read, to examine the first ones. */
    JavaRDD<Row> all() {
        return rows().withOwnColumns(spark);
    }

    /** The second pass over the rows: writes the parts. */
    PartCounts write(LeasedFolder place, Survey survey, Taken taken, List<Transformer> stages) {
        // When few of the rows are used, a part covers a longer range of row numbers, so that files do not become
        // small.
        long range = ROWS_PER_PART * Math.max(1, Math.min(survey.keys() / Math.max(taken.rows(), 1), MAX_STRETCH));
        PartOfRow partOfRow = new PartOfRow(range, (int) Math.max((survey.keys() + range - 1) / range, 1));
        boolean isRepeated = survey.seen().repeated() > 0;
        RowNumbering numbering =
                new RowNumbering(sources.files(), survey.firstKeys(), taken.choice(), shape, !isRepeated);
        JavaRDD<Tuple2<Long, byte[]>> rows = LeanShuffle.sorted(
                rows().read(spark).mapPartitionsToPair(numbering::encoded), partOfRow, Long::compare, byte[].class);
        long[] firstKeys = survey.firstKeys();
        JavaRDD<Tuple2<Long, Integer>> repeated = LeanShuffle.sorted(
                survey.rows().mapPartitionsToPair(part -> SurveyRows.repeated(part, firstKeys)),
                partOfRow,
                Long::compare,
                Integer.class);
        StructType schema = schema();
        StageRows placed = new StageRows(numbering, table.columns().size(), schema);
        JavaRDD<Row> whole = isRepeated
                ? rows.zipPartitions(repeated, placed::rows)
                : rows.mapPartitions(part ->
                        placed.rows(part, List.<Tuple2<Long, Integer>>of().iterator()));
        WritePart writing = new WritePart(place, taken.choice());
        List<byte[]> counts = stages.stream().allMatch(RowStage.class::isInstance)
                ? onRows(whole, schema, stages).mapPartitions(writing::call).collect()
                : onDataset(whole, schema, stages, writing);
        return counts.stream()
                .map(bytes -> JavaBytes.read(bytes, PartCounts.class))
                .reduce(new PartCounts(), PartCounts::plus);
    }

    private JavaRDD<Row> onRows(JavaRDD<Row> rows, StructType schema, List<Transformer> stages) {
        HadoopStore store = HadoopStore.of(spark);
        JavaRDD<Row> done = rows;
        StructType at = schema;
        for (Transformer stage : stages) {
            done = done.mapPartitions(((RowStage) stage).rows(store, at));
            at = stage.transformSchema(at);
        }
        return done;
    }

    private List<byte[]> onDataset(JavaRDD<Row> rows, StructType schema, List<Transformer> stages, WritePart writing) {
        Dataset<Row> dataset = spark.createDataset(rows.rdd(), Encoders.row(schema));
        for (Transformer stage : stages) {
            dataset = stage.transform(dataset);
        }
        // Directly after the last stage, so that rows arrive as our own objects with int arrays, and not converted by
        // Spark.
        return dataset.mapPartitions(writing, Encoders.BINARY()).collectAsList();
    }

    private StructType schema() {
        StructType schema = table.schema();
        return schema.add("_row_id", DataTypes.StringType).add("_split", DataTypes.StringType);
    }

    /**
     * Assigns each row its number among all rows.
     *
     * @param isDistinct whether no file has equal rows: then rows beyond the limits can be dropped before the shuffle
     */
    private record RowNumbering(
            List<InputFile> files, long[] firstKeys, RowChoice choice, RowShape shape, boolean isDistinct)
            implements Serializable {
        /** Serializes the rows that the sources' weights select, keyed by their number. */
        Iterator<Tuple2<Long, byte[]>> encoded(Iterator<ReadRow> rows) {
            MessageDigest sha256 = Hashes.sha256();
            return new Iterator<>() {
                private Tuple2<Long, byte[]> next;

                @Override
                public boolean hasNext() {
                    while (next == null && rows.hasNext()) {
                        ReadRow row = rows.next();
                        next = row.isRow() ? encoded(row, sha256) : null;
                    }
                    return next != null;
                }

                @Override
                public Tuple2<Long, byte[]> next() {
                    Tuple2<Long, byte[]> row = next;
                    next = null;
                    return row;
                }
            };
        }

        private Tuple2<Long, byte[]> encoded(ReadRow row, MessageDigest sha256) {
            byte[] hash = shape.content(row, sha256);
            InputFile file = files.get(row.file());
            boolean isLimited = isDistinct && !choice.limits().isEmpty();
            String hex = isLimited || file.origin().share() < 1 ? Hashes.hex(hash) : "";
            boolean isTaken = choice.takes(file.origin(), hex)
                    && (!isLimited || takes(row, file, hex, RowChoice.rowId(file.source(), hex, 1)));
            return isTaken ? new Tuple2<>(firstKeys[row.file()] + row.number() - 1, row.encoded(hash)) : null;
        }

        /** Whether the limits select this row. */
        boolean takes(ReadRow row, InputFile file, String hash, String rowId) {
            Split split = choice.split(file.origin(), hash);
            return choice.takes(RowChoice.group(split, shape.value(row)), rowId);
        }

        Decoded decoded(long key, byte[] encoded) {
            int file = Arrays.binarySearch(firstKeys, key);
            file = file < 0 ? -file - 2 : file;
            while (firstKeys[file + 1] == key) {
                file++; // skips files without rows
            }
            return Decoded.of(file, key - firstKeys[file] + 1, encoded);
        }
    }

    /** Creates the input rows of the stages. */
    private record StageRows(RowNumbering numbering, int columns, StructType schema) implements Serializable {
        Iterator<Row> rows(Iterator<Tuple2<Long, byte[]>> rows, Iterator<Tuple2<Long, Integer>> repeated) {
            return new Iterator<>() {
                private Tuple2<Long, Integer> mark = repeated.hasNext() ? repeated.next() : null;
                private Row next;

                @Override
                public boolean hasNext() {
                    while (next == null && rows.hasNext()) {
                        Tuple2<Long, byte[]> row = rows.next();
                        int occurrence = 1;
                        if (mark != null && mark._1().equals(row._1())) {
                            occurrence = mark._2();
                            mark = repeated.hasNext() ? repeated.next() : null;
                        }
                        next = row(numbering.decoded(row._1(), row._2()), occurrence);
                    }
                    return next != null;
                }

                @Override
                public Row next() {
                    Row row = next;
                    next = null;
                    return row;
                }
            };
        }

        /** Null if the row is beyond a limit. */
        private Row row(Decoded decoded, int occurrence) {
            ReadRow row = decoded.row();
            InputFile file = numbering.files().get(row.file());
            RowChoice choice = numbering.choice();
            String hash = Hashes.hex(decoded.content());
            String rowId = RowChoice.rowId(file.source(), hash, occurrence);
            Split split = choice.split(file.origin(), hash);
            if (!numbering.takes(row, file, hash, rowId)) {
                return null;
            }
            Object[] values = new Object[schema.length()];
            System.arraycopy(row.values(), 0, values, 0, columns);
            values[columns] = file.source();
            values[columns + 1] = file.file().rowsBefore() + row.number();
            values[columns + 2] = hash;
            values[columns + 3] = row.reason();
            values[columns + 4] = row.detail();
            values[columns + 5] = rowId;
            values[columns + 6] = WritePart.name(split);
            return new GenericRowWithSchema(values, schema);
        }
    }

    private static final class PartOfRow extends Partitioner {
        private static final long serialVersionUID = 1L;

        private final long range;
        private final int parts;

        PartOfRow(long range, int parts) {
            this.range = range;
            this.parts = parts;
        }

        @Override
        public int numPartitions() {
            return parts;
        }

        @Override
        public int getPartition(Object key) {
            return (int) ((long) key / range);
        }
    }
}
