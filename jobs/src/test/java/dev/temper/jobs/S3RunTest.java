package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.run.AdapterMerge;
import dev.temper.safetensors.TensorIndex;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.storage.Folder;
import dev.temper.testkit.ChildProcess;
import dev.temper.testkit.Jars;
import dev.temper.testkit.S3Endpoint;
import dev.temper.testkit.SparkCluster;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code temper run} on a cluster with recipe, data, base and output in an object store. */
@Tag("spark")
final class S3RunTest {
    private static final String SECRET_KEY = "spark.hadoop.fs.s3a.secret.key";

    @TempDir
    private static Path folder;

    private static S3Endpoint s3;
    private static SparkCluster cluster;
    private static ChildProcess.Result result;

    @BeforeAll
    static void run() throws Exception {
        s3 = S3Endpoint.start();
        s3.createBucket("bucket");
        s3.put("/bucket/small.yaml", SmallRun.RECIPE.getBytes(StandardCharsets.UTF_8));
        s3.put("/bucket/data/train.csv", SmallRun.rows("train.csv", SmallRun.TRAIN_ROWS));
        s3.put("/bucket/data/eval.csv", SmallRun.rows("eval.csv", SmallRun.EVAL_ROWS));
        try (Stream<Path> files = Files.list(SmallRun.BASE)) {
            for (Path file : files.toList()) {
                s3.put("/bucket/base/" + file.getFileName(), Files.readAllBytes(file));
            }
        }
        Jars jars = Jars.ofClassPath(folder);
        cluster = SparkCluster.start(SparkCluster.Size.ofWorkers(2, jars.spark()));
        List<String> options = new ArrayList<>();
        s3.sparkOptions().forEach((key, value) -> options.addAll(List.of("--conf", key + "=" + value)));
        List<String> command = new ArrayList<>(List.of("run", "s3a://bucket/small.yaml"));
        command.addAll(List.of("model.base=s3a://bucket/base", "output=s3a://bucket/out"));
        command.addAll(List.of("data.train=s3a://bucket/data/train.csv", "data.eval=s3a://bucket/data/eval.csv"));
        command.addAll(List.of("cluster.workers=2", "cluster.local_dir=" + folder.resolve("copies"), "adapter.r=4"));
        result = cluster.submit(SmallRun.arguments(jars, options, command), Map.of());
    }

    @AfterAll
    static void end() throws Exception {
        if (cluster != null) {
            cluster.close();
        }
        if (s3 != null) {
            s3.close();
        }
    }

    @Test
    void adapterIsReadFromTheStore() throws Exception {
        assertThat(result.exitCode()).as(result.output()).isZero();
        Configuration configuration = new Configuration();
        configure(configuration);
        Folder adapter = new HadoopStore(configuration).folder("s3a://bucket/out/adapter");

        TensorIndex index = TensorIndex.read(adapter, "adapter_model");

        assertThat(index.names()).isNotEmpty();
        assertThat(adapter.has("adapter_config.json")).isTrue();
    }

    @Test
    void adapterIsMergedInTheStore() throws Exception {
        Configuration configuration = new Configuration();
        configure(configuration);
        HadoopStore store = new HadoopStore(configuration);

        Jobs.merge(
                store,
                new AdapterMerge.Request("s3a://bucket/base", "s3a://bucket/out/adapter", "s3a://bucket/merged"));

        TensorIndex base = TensorIndex.read(store.folder("s3a://bucket/base"), "model");
        TensorIndex merged = TensorIndex.read(store.folder("s3a://bucket/merged"), "model");
        assertThat(merged.names()).isEqualTo(base.names());
        assertThat(s3.list("bucket"))
                .contains("merged/config.json", "merged/tokenizer.json", "merged/README.md")
                .noneMatch(key -> key.matches("(out|merged)/(lease-|merge.unfinished).*"));
    }

    @Test
    void tablesAreReadFromTheStore() {
        SparkSession spark = WrittenRun.session();
        configure(spark.sparkContext().hadoopConfiguration());
        WrittenRun run = new WrittenRun(spark, "s3a://bucket/out");

        assertThat(run.metric("train/loss")).hasSize(6);
        assertThat(run.metric("eval/loss")).containsOnlyKeys(0L, 3L, 6L);
        assertThat(run.generations()).isEqualTo(2 * (2 + 4));
        assertThat(run.rejected()).isZero();
    }

    @Test
    void nothingTellsTheSecretKey() throws Exception {
        String secret = s3.sparkOptions().get(SECRET_KEY);
        List<String> written = s3.list("bucket").stream()
                .filter(key -> key.matches("out/.*\\.(yaml|json|csv)"))
                .toList();

        assertThat(written).contains("out/run.yaml", "out/manifest.json");
        for (String key : written) {
            assertThat(new String(s3.read("/bucket/" + key), StandardCharsets.UTF_8))
                    .as(key)
                    .doesNotContain(secret);
        }
        assertThat(result.output()).doesNotContain(secret);
    }

    private static void configure(Configuration configuration) {
        s3.sparkOptions().forEach((key, value) -> configuration.set(key.replace("spark.hadoop.", ""), value));
    }
}
