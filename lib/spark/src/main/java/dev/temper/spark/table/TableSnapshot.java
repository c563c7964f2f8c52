package dev.temper.spark.table;

import static dev.temper.check.Check.check;

import dev.temper.spark.cluster.LeasedFolder;
import dev.temper.spark.preparing.LeanShuffle;
import dev.temper.spark.preparing.RowShape;
import dev.temper.spark.reading.ReadTable;
import dev.temper.spark.source.FileKind;
import dev.temper.spark.source.SourceFiles;
import dev.temper.spark.source.SourceFiles.SourceFile;
import dev.temper.storage.Hashes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.apache.spark.Partitioner;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.rdd.PartitionCoalescer;
import org.apache.spark.rdd.PartitionGroup;
import org.apache.spark.rdd.RDD;
import org.apache.spark.sql.types.StructType;
import scala.Option;
import scala.Tuple2;

/**
 * Writes the rows of a table to Parquet files in the order of their content hash, so that the result is independent of
 * the order and the partitions in which Spark returns them. The table is read once, because a query may return other
 * rows each time and preparing reads rows twice. The number of files depends on the number of rows alone; each file
 * holds a range of hashes, so equal rows are in the same file.
 *
 * @param query with the columns to read
 * @param table the columns
 * @param shape roles of the columns
 */
record TableSnapshot(TableQuery query, ReadTable table, RowShape shape) {
    private static final long ROWS_PER_FILE = 100_000;
    private static final int MAX_BITS = 14;

    /**
     * Reads the table and writes the files.
     *
     * @param prefix of the files' names
     * @throws dev.temper.check.InvalidInputException when it has no rows
     * @throws IllegalStateException when it cannot be read
     */
    SourceFiles write(LeasedFolder place, String prefix) {
        SparkContext context = query.rows().sparkSession().sparkContext();
        try {
            return TableRecords.underSettings(context, () -> write(context, place, prefix));
        } catch (Exception e) { // Spark throws checked exceptions that it does not declare
            if (ReadTable.mistake(e).isPresent()) {
                throw ReadTable.mistake(e).get();
            }
            throw new IllegalStateException(
                    "data: %s could not be read: %s".formatted(query.name(), TableQuery.cause(e)), e);
        }
    }

    private SourceFiles write(SparkContext context, LeasedFolder place, String prefix) {
        StructType schema = query.rows().schema().asNullable();
        SnapshotRows rows = new SnapshotRows(query.name(), new TableRecords(schema), table, shape);
        int tasks = bits(2L * context.defaultParallelism());
        JavaPairRDD<byte[], byte[]> keys =
                query.rows().queryExecution().toRdd().toJavaRDD().mapPartitionsToPair(rows::keys);
        JavaRDD<Tuple2<byte[], byte[]>> sorted =
                LeanShuffle.sorted(keys, new ByHash(tasks), Arrays::compareUnsigned, byte[].class);
        SnapshotTotal total = sorted.mapPartitions(SnapshotTotal::of).collect().stream()
                .reduce(SnapshotTotal.NONE, SnapshotTotal::plus);
        check(total.rows() > 0, "data: %s has no rows", query.name());
        int files = bits((total.rows() + ROWS_PER_FILE - 1) / ROWS_PER_FILE);
        RDD<Tuple2<byte[], byte[]>> grouped =
                sorted.rdd().coalesce(1 << Math.min(tasks, files), false, Option.apply(new InOrder()), null);
        List<SnapshotFile> written = grouped
                .toJavaRDD()
                .mapPartitions(part -> rows.write(part, new SnapshotFile.Naming(place, prefix, files)))
                .collect()
                .stream()
                .sorted(Comparator.comparing(SnapshotFile::name))
                .toList();
        SnapshotTotal again = written.stream().map(SnapshotFile::total).reduce(SnapshotTotal.NONE, SnapshotTotal::plus);
        if (!again.equals(total)) { // part of the shuffle was lost with its machine and computed again
            throw new IllegalStateException("data: " + query.name() + " gave other rows when a part of it was read"
                    + " again, as a machine was lost: run again");
        }
        return files(place, schema, written);
    }

    private SourceFiles files(LeasedFolder place, StructType schema, List<SnapshotFile> written) {
        StringBuilder hashes = new StringBuilder(schema.json());
        written.forEach(file -> hashes.append('\n').append(file.hash()));
        String hash = Hashes.sha256(hashes.toString());
        List<SourceFile> files = new ArrayList<>();
        long before = 0;
        for (SnapshotFile file : written) {
            files.add(new SourceFile(query.name(), place.folder().location(file.name()), file.bytes(), before, hash));
            before += file.total().rows();
        }
        return new SourceFiles(query.name(), FileKind.PARQUET, files, List.of());
    }

    /** Number of bits that tell {@code count} files apart: the binary logarithm, rounded up. */
    private static int bits(long count) {
        return Math.min(Long.SIZE - Long.numberOfLeadingZeros(Math.max(count, 1) - 1), MAX_BITS);
    }

    private static final class ByHash extends Partitioner {
        private static final long serialVersionUID = 1L;

        private final int bits;

        ByHash(int bits) {
            this.bits = bits;
        }

        @Override
        public int numPartitions() {
            return 1 << bits;
        }

        @Override
        public int getPartition(Object key) {
            return SnapshotFile.range((byte[]) key, bits);
        }
    }

    /** Coalesces adjacent partitions; Spark's own way would group those on the same machine. */
    private static final class InOrder implements PartitionCoalescer, scala.Serializable {
        private static final long serialVersionUID = 1L;

        @Override
        public PartitionGroup[] coalesce(int groups, RDD<?> parent) {
            int each = parent.getNumPartitions() / groups;
            PartitionGroup[] all = new PartitionGroup[groups];
            for (int i = 0; i < groups; i++) {
                all[i] = new PartitionGroup(Option.empty());
                for (int j = 0; j < each; j++) {
                    all[i].partitions().$plus$eq(parent.partitions()[i * each + j]);
                }
            }
            return all;
        }
    }
}
