package dev.temper.spark;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sha2;
import static org.apache.spark.sql.functions.when;

import dev.temper.spark.PreparedData.Sources;
import dev.temper.spark.PreparedManifest.Part;
import dev.temper.spark.PreparedManifest.Tokens;
import dev.temper.storage.Folder;
import dev.temper.text.DataConfig;
import dev.temper.text.DataConfig.Source;
import dev.temper.text.DataConfig.TooLong;
import dev.temper.text.RejectedRowException.Reason;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import org.apache.spark.Partitioner;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.storage.StorageLevel;
import scala.Tuple2;

/**
 * The steps of preparing, in order: {@link #read}, {@link #count}, {@link #write}.
 *
 * <p>Who is evaluated follows from the hash of seed and content, so equal rows never stand on both sides and more rows
 * move no other. Weights and limits take the rows with the smallest hashes, before anything is tokenized: a source with
 * half the largest weight gives half of its rows.
 */
final class PrepareRows implements AutoCloseable {
    private static final long ROWS_PER_FILE = 50_000;
    private static final int SHOWN_REASONS = 3;
    private static final String TRAIN = "train";
    private static final String EVAL = "eval";

    private final SparkSession spark;
    private final DataConfig data;
    private final long seed;
    private final String tokenizer;
    private Dataset<Row> rows; // tokenized
    private long read; // rows of the files, where not all of them are taken

    PrepareRows(SparkSession spark, DataConfig data, long seed, String tokenizer) {
        this.spark = spark;
        this.data = data;
        this.seed = seed;
        this.tokenizer = tokenizer;
    }

    void read(Sources sources, ReadTable table) {
        Dataset<Row> all = all(sources, table);
        Dataset<Row> taken = all.filter("taken").drop("taken");
        int partitions = sources.train().get(0).partitions(spark);
        Dataset<Row> train = limited(taken.filter(col("split").equalTo(TRAIN)), data.maxTrainRows(), partitions);
        Dataset<Row> eval = limited(taken.filter(col("split").equalTo(EVAL)), data.maxEvalRows(), partitions);
        RenderText render = new RenderText()
                .setFormat(data.format())
                .setColumns(data.columns())
                .setSeparator(data.separator())
                .setTrainOn(data.trainOn());
        TokenizeText tokenize = new TokenizeText()
                .setTokenizer(tokenizer)
                .setMaxLength(data.maxLength())
                .setTooLong(data.tooLong() == TooLong.FAIL ? TooLong.DROP : data.tooLong()); // refused when counted
        rows = tokenize.transform(render.transform(areLimited() ? train.unionByName(eval) : taken))
                .select("source", "row_number", "content", "row_id", "split", "reason", "detail", "input_ids", "labels")
                .persist(StorageLevel.MEMORY_AND_DISK());
        read = areLimited()
                        || data.train().stream()
                                        .mapToDouble(Source::weight)
                                        .distinct()
                                        .count()
                                > 1
                ? all.count()
                : 0;
    }

    /** What the manifest says, except its files; nothing is written yet. */
    PreparedManifest count(String key) {
        Map<String, Tally> tallies = tallies();
        boolean mayEvaluate = data.evalFraction() > 0 && data.maxEvalRows().orElse(1) > 0;
        if (mayEvaluate
                && tally(tallies, EVAL).rows() == 0
                && tally(tallies, TRAIN).rows() > 1) {
            evaluateOne();
            tallies = tallies();
        }
        Tally train = tally(tallies, TRAIN);
        Tally eval = tally(tallies, EVAL);
        Map<String, Long> rejected = new HashMap<>();
        tallies.forEach((name, tally) -> rejected.put(name, tally.rows()));
        rejected.keySet().removeAll(List.of(TRAIN, EVAL));
        long in = tallies.values().stream().mapToLong(Tally::rows).sum();
        RowCounts counts = new RowCounts(in, train.rows(), eval.rows(), rejected);
        List<RejectedRow> rejectedRows = rejected.isEmpty() ? List.of() : rejectedRows();
        check(in > 0, "data: %s has no rows", data.train().get(0).location());
        checkLength(rejectedRows);
        checkRejected(data, counts, rejectedRows);
        check(train.rows() > 0, "data: no row is left to train on: %s; add rows or lower data.eval_fraction", counts);
        check(
                data.eval().isEmpty() || eval.rows() > 0,
                "data: no row of %s is left",
                data.eval().orElse(""));
        long leftOut = read == 0 ? 0 : read - in;
        return new PreparedManifest(
                PreparedManifest.VERSION, key, List.of(), counts, leftOut, train.tokens(), eval.tokens(), rejectedRows);
    }

    /** Writes the rows, each file by the task that has its rows. */
    List<Part> write(Folder folder, RowCounts counts) {
        HadoopStore store = (HadoopStore) folder.store();
        String location = folder.location();
        return rows.filter(col("reason").isNull())
                .orderBy("source", "row_number", "split")
                .toJavaRDD()
                .zipWithIndex()
                .mapToPair(row -> new Tuple2<>(row._2(), row._1()))
                .repartitionAndSortWithinPartitions(new FileOfRow(counts.trained() + counts.evaluated()))
                .mapPartitions(numbered -> {
                    String name = "part-%05d.parquet".formatted(TaskContext.getPartitionId());
                    return List.of(PreparedPart.write(new Folder(store, location), name, numbered))
                            .iterator();
                })
                .collect();
    }

    @Override
    public void close() {
        if (rows != null) {
            rows.unpersist();
        }
    }

    /** @throws dev.temper.check.InvalidInputException when more rows are rejected than the recipe allows */
    static void checkRejected(DataConfig data, RowCounts counts, List<RejectedRow> rejected) {
        if (counts.rejectedRows() <= data.maxRejectedFraction() * counts.in()) {
            return;
        }
        String reasons = counts.rejected().entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .limit(SHOWN_REASONS)
                .map(entry -> entry.getKey() + " " + entry.getValue() + example(entry.getKey(), rejected))
                .collect(Collectors.joining("; "));
        throw invalid(
                "data: %d of %d rows are rejected, more than data.max_rejected_fraction %s allows: %s",
                counts.rejectedRows(), counts.in(), data.maxRejectedFraction(), reasons);
    }

    private static String example(String reason, List<RejectedRow> rejected) {
        return rejected.stream()
                .filter(row -> row.reason().equals(reason))
                .findFirst()
                .map(row -> " (row %d of %s: %s)".formatted(row.rowNumber(), row.source(), row.detail()))
                .orElse("");
    }

    private void checkLength(List<RejectedRow> rejected) {
        if (data.tooLong() != TooLong.FAIL) {
            return;
        }
        rejected.stream()
                .filter(row -> row.reason().equals(Reason.TOO_LONG.label()))
                .findFirst()
                .ifPresent(row -> {
                    throw invalid(
                            "data: row %d of %s has %s: raise data.max_length or set data.too_long to truncate or drop",
                            row.rowNumber(), row.source(), row.detail());
                });
    }

    /** The rows of all sources with {@code split} and {@code taken}. */
    private Dataset<Row> all(Sources sources, ReadTable table) {
        double largestWeight =
                data.train().stream().mapToDouble(Source::weight).max().orElseThrow();
        Column split = when(isBelow("split", data.evalFraction()), EVAL).otherwise(TRAIN);
        Dataset<Row> all = null;
        for (int i = 0; i < sources.train().size(); i++) {
            double share = data.train().get(i).weight() / largestWeight;
            Dataset<Row> source = table.read(spark, sources.train().get(i))
                    .withColumn("split", split)
                    .withColumn("taken", share < 1 ? isBelow("weight", share) : lit(true));
            all = all == null ? source : all.unionByName(source);
        }
        if (sources.eval().isPresent()) {
            Dataset<Row> eval = table.read(spark, sources.eval().get())
                    .withColumn("split", lit(EVAL))
                    .withColumn("taken", lit(true));
            all = all.unionByName(eval);
        }
        return all;
    }

    private boolean areLimited() {
        return data.maxTrainRows().isPresent() || data.maxEvalRows().isPresent();
    }

    private Dataset<Row> limited(Dataset<Row> split, OptionalLong maxRows, int partitions) {
        return maxRows.isEmpty()
                ? split
                : split.orderBy(hash("limit", "row_id"), col("row_id"))
                        .limit((int) Math.min(maxRows.getAsLong(), Integer.MAX_VALUE))
                        .repartition(partitions, col("row_id")); // a limit leaves one partition
    }

    /** Moves the row, and its equals, that a larger fraction would evaluate first. */
    private void evaluateOne() {
        Column hash = hash("split", "content");
        String first = rows.filter(col("reason").isNull())
                .select(col("content"), hash.as("hash"))
                .orderBy("hash")
                .first()
                .getString(0);
        rows = rows.withColumn(
                "split", when(col("content").equalTo(first), EVAL).otherwise(col("split")));
    }

    /** By split, and by reason for the rejected rows. */
    private Map<String, Tally> tallies() {
        Map<String, Tally> tallies = new HashMap<>();
        rows.groupBy(expr("coalesce(reason, split) as name"))
                .agg(
                        expr("count(*)"),
                        expr("sum(if(reason is null, size(input_ids), 0))"),
                        expr("sum(if(reason is null, size(filter(labels, x -> x <> -100)), 0))"))
                .collectAsList()
                .forEach(row -> tallies.put(
                        row.getString(0), new Tally(row.getLong(1), new Tokens(row.getLong(2), row.getLong(3)))));
        return tallies;
    }

    private static Tally tally(Map<String, Tally> tallies, String name) {
        return tallies.getOrDefault(name, new Tally(0, new Tokens(0, 0)));
    }

    private List<RejectedRow> rejectedRows() {
        return rows
                .filter(col("reason").isNotNull())
                .orderBy("source", "row_number")
                .limit(PreparedManifest.MAX_REJECTED_ROWS)
                .select("row_id", "source", "row_number", "reason", "detail")
                .collectAsList()
                .stream()
                .map(row -> new RejectedRow(
                        row.getString(0), row.getString(1), row.getLong(2), row.getString(3), row.getString(4)))
                .toList();
    }

    private Column isBelow(String purpose, double share) {
        return hash(purpose, "content").lt(String.format("%015x", (long) (share * (1L << 60))));
    }

    // Sixty bits in hexadecimal, so that text order is number order.
    private Column hash(String purpose, String column) {
        return sha2(concat(lit(seed + " " + purpose + " "), col(column)), 256).substr(1, 15);
    }

    private record Tally(long rows, Tokens tokens) {}

    private static final class FileOfRow extends Partitioner {
        private static final long serialVersionUID = 1L;

        private final long rows;

        FileOfRow(long rows) {
            this.rows = rows;
        }

        @Override
        public int numPartitions() {
            return (int) ((rows + ROWS_PER_FILE - 1) / ROWS_PER_FILE);
        }

        @Override
        public int getPartition(Object index) {
            return (int) ((long) index / ROWS_PER_FILE);
        }
    }
}
