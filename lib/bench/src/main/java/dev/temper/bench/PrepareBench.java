package dev.temper.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.recipe.RecipeFile;
import dev.temper.spark.preparing.PrepareStages;
import dev.temper.spark.preparing.PreparedData;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.storage.Folder;
import dev.temper.storage.LocalStore;
import dev.temper.text.ChatFormat;
import dev.temper.text.DataConfig;
import dev.temper.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.ForeachPartitionFunction;
import org.apache.spark.ml.Transformer;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Prepares the rows of a CSV with the columns question and answer on local[2]; prints one JSON line. */
public final class PrepareBench implements Callable<Integer> {
    private static final int WARM_UP = 20_000;

    @Parameters(index = "0", paramLabel = "TOKENIZER_DIR", description = "Folder with a chat template.")
    private Path tokenizer = Path.of("");

    @Parameters(index = "1", paramLabel = "CSV")
    private Path rows = Path.of("");

    @Option(names = "--stages", description = "Render and tokenize only, from memory: the tokenizer's share of it.")
    private boolean stagesOnly;

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new PrepareBench()).execute(arguments));
    }

    @Override
    public Integer call() throws Exception {
        Path work = Files.createTempDirectory("temper-prepare-bench-");
        try (SparkSession spark = SparkSession.builder()
                .appName("prepare")
                .master("local[2]")
                .config("spark.ui.enabled", false)
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.sql.shuffle.partitions", 2)
                .getOrCreate()) {
            DataConfig data = data(work);
            PrepareStages stages = PrepareStages.of(data, List.of(), chat(data), tokenizer.toString());
            Map<String, Object> result = new LinkedHashMap<>();
            if (stagesOnly) {
                measureStages(spark, stages, result);
            } else {
                Folder prepared =
                        HadoopStore.of(spark).folder(work.resolve("prepared").toString());
                long start = System.nanoTime();
                PreparedData done = PreparedData.prepare(
                        spark, data, 1, stages.preparation(HadoopStore.of(spark), Set.of()), prepared);
                double seconds = (System.nanoTime() - start) / 1e9;
                result.put("rows", done.rows().in());
                result.put("seconds", seconds);
                result.put("rows_per_s", Math.round(done.rows().in() / seconds));
                result.put("tokens_per_s", Math.round(done.tokens().train() / seconds));
                result.put("peak_bytes", Machine.peakBytes());
            }
            System.out.println(new ObjectMapper().writeValueAsString(result));
        } finally {
            new LocalStore().delete(work.toString());
        }
        return 0;
    }

    private DataConfig data(Path work) throws IOException {
        String recipe =
                """
                model: {base: "%s"}
                data:
                  train: "%s"
                  columns: {prompt: question, completion: answer}
                  date: "2024-07-26"
                output: "%s"
                """;
        Path file = Files.writeString(work.resolve("bench.yaml"), recipe.formatted(tokenizer, rows, work));
        return RecipeFile.read(new LocalStore(), file.toString(), List.of()).data();
    }

    private ChatFormat chat(DataConfig data) throws IOException {
        String config = Files.readString(tokenizer.resolve("tokenizer_config.json"));
        return ChatFormat.of(
                data,
                new ChatFormat.TokenizerFiles(tokenizer.toString(), config, Optional.empty(), Map.of()),
                LocalDate.EPOCH);
    }

    /** Of the time that tasks spend on rows which are in memory already. */
    private void measureStages(SparkSession spark, PrepareStages stages, Map<String, Object> result) {
        AtomicLong millis = new AtomicLong();
        spark.sparkContext().addSparkListener(new SparkListener() {
            @Override
            public void onTaskEnd(SparkListenerTaskEnd end) {
                millis.addAndGet(end.taskMetrics().executorRunTime());
            }
        });
        Dataset<Row> read = spark.read().option("header", true).csv(rows.toString());
        StructType schema = read.schema();
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        List<Row> inMemory = read.collectAsList();
        JavaRDD<Row> cached = context.parallelize(inMemory, 4).cache();
        drain(spark.createDataFrame(context.parallelize(inMemory.subList(0, WARM_UP), 4), schema), stages);
        drain(spark.createDataFrame(cached, schema), null);
        awaitListeners(spark);
        millis.set(0);
        long before = Tokenizer.nativeNanos();
        drain(spark.createDataFrame(cached, schema), stages);
        awaitListeners(spark);
        double nativeMillis = (Tokenizer.nativeNanos() - before) / 1e6;
        result.put("native_share", nativeMillis / millis.get());
        result.put("native_micros_per_row", 1e3 * nativeMillis / inMemory.size());
        result.put("task_micros_per_row", 1e3 * millis.get() / inMemory.size());
    }

    private static void drain(Dataset<Row> rows, PrepareStages stages) {
        Dataset<Row> done = rows;
        for (Transformer stage : stages == null ? List.<Transformer>of() : stages.transformers()) {
            done = stage.transform(done);
        }
        done.foreachPartition((ForeachPartitionFunction<Row>) partition -> partition.forEachRemaining(row -> {}));
    }

    private static void awaitListeners(SparkSession spark) {
        try {
            spark.sparkContext().listenerBus().waitUntilEmpty();
        } catch (java.util.concurrent.TimeoutException e) {
            throw new IllegalStateException(e);
        }
    }
}
