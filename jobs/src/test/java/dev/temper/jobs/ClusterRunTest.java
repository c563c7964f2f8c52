package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.safetensors.TensorIndex;
import dev.temper.storage.Folder;
import dev.temper.testkit.ChildProcess;
import dev.temper.testkit.Jars;
import dev.temper.testkit.SparkCluster;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code temper run} through spark-submit, on a standalone cluster whose executors are processes of their own. */
@Tag("spark")
final class ClusterRunTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> TWO_EXECUTORS = List.of("--total-executor-cores", "2", "--executor-cores", "1");

    @TempDir
    private static Path folder;

    private static Jars jars;
    private static SparkCluster cluster;
    private static Path output;
    private static ChildProcess.Result twoWorkers;

    @BeforeAll
    static void runWithTwoWorkers() throws Exception {
        Files.writeString(folder.resolve("small.yaml"), SmallRun.RECIPE);
        Files.write(folder.resolve("train.csv"), SmallRun.rows("train.csv", SmallRun.TRAIN_ROWS));
        Files.write(folder.resolve("eval.csv"), SmallRun.rows("eval.csv", SmallRun.EVAL_ROWS));
        jars = Jars.ofClassPath(folder);
        cluster = SparkCluster.start(new SparkCluster.Size(jars.spark(), 2, 2, 2048)); // a driver takes a core, too
        output = folder.resolve("two");
        twoWorkers = submit(TWO_EXECUTORS, "two", "cluster.workers=2", "cluster.local_dir=" + folder.resolve("local"));
    }

    @AfterAll
    static void end() throws Exception {
        if (cluster != null) {
            cluster.close();
        }
    }

    @Test
    void writesEverythingAndEndsByItself() throws Exception {
        assertThat(twoWorkers.exitCode()).as(twoWorkers.output()).isZero();
        JsonNode manifest = manifest(output);
        assertThat(manifest.path("status").asText()).isEqualTo("finished");
        assertThat(manifest.path("steps").asInt()).isEqualTo(6);
        JsonNode rows = manifest.path("rows");
        assertThat(rows.path("in").asInt()).isEqualTo(SmallRun.TRAIN_ROWS + SmallRun.EVAL_ROWS);
        assertThat(rows.path("trained").asInt()).isEqualTo(SmallRun.TRAIN_ROWS);
        assertThat(rows.path("evaluated").asInt()).isEqualTo(SmallRun.EVAL_ROWS);
        assertThat(output.resolve("run.yaml")).content().contains("workers: 2");
        assertThat(TensorIndex.read(Folder.local(output.resolve("model")), "model")
                        .names())
                .isEqualTo(
                        TensorIndex.read(Folder.local(SmallRun.BASE), "model").names());
        WrittenRun run = written("two");
        assertThat(run.generations()).isEqualTo(2 * (2 + 4));
        assertThat(run.rejected()).isZero();
    }

    @Test
    void rowsLieInMappedFilesAsLargeAsPlannedOfWhichNothingIsLeft() throws Exception {
        JsonNode memory = manifest(output).path("memory");
        long tokens = 0;
        try (Stream<Path> prepared = Files.list(output.resolve("prepared"))) {
            JsonNode counts = JSON.readTree(
                    prepared.findFirst().orElseThrow().resolve("MANIFEST.json").toFile());
            tokens = counts.at("/train/tokens").asLong()
                    + counts.at("/eval/tokens").asLong();
        }
        assertThat(memory.path("rows_bytes").asLong())
                .isEqualTo(memory.path("planned_rows_bytes").asLong())
                .isEqualTo(4 * tokens + 12 * (SmallRun.TRAIN_ROWS + SmallRun.EVAL_ROWS))
                .isGreaterThan(1000);
        try (Stream<Path> left = Files.list(folder.resolve("local"))) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void aRunThatDivergesOnAnExecutorTellsItsPlaceAndStackTraceIfAsked() throws Exception {
        String[] settings = {
            "cluster.workers=2",
            "training.learning_rate=1e38",
            "training.max_steps=20",
            "training.eval_strategy=no",
            "generation.eval_prompts=0"
        };
        String[] verbose =
                Stream.concat(Stream.of("--verbose"), Stream.of(settings)).toArray(String[]::new);

        ChildProcess.Result loud = submit(TWO_EXECUTORS, "loud", verbose);
        ChildProcess.Result result = submit(TWO_EXECUTORS, "diverged", settings);

        for (ChildProcess.Result one : List.of(loud, result)) {
            assertThat(SmallRun.complaints(one.output()))
                    .singleElement()
                    .asString()
                    .contains("in 10 updates in a row, up to update 11: training has diverged");
            assertThat(one.exitCode()).isEqualTo(1);
        }
        assertThat(loud.output())
                .containsPattern("\nCaused by: worker [01] on 127\\.0\\.0\\.1: "
                        + "dev\\.temper\\.check\\.FailedRunException:"
                        + " the gradient was not finite .*\n\tat dev\\.temper\\.train\\.SkippedUpdates\\.add");
        assertThat(result.output()).doesNotContain("SkippedUpdates");
    }

    @Test
    void twoWorkersGiveTheCurveOfOne() throws Exception {
        ChildProcess.Result alone = submit(List.of("--master", "local[1]"), "one", "cluster.workers=1");

        assertThat(alone.exitCode()).as(alone.output()).isZero();
        for (String name : List.of("train/loss", "train/grad_norm", "eval/loss")) {
            Map<Long, Double> expected = written("one").metric(name);
            Map<Long, Double> actual = written("two").metric(name);
            assertThat(actual.keySet()).as(name).isEqualTo(expected.keySet()).hasSizeGreaterThanOrEqualTo(3);
            expected.forEach((step, value) -> assertThat(actual.get(step))
                    .as("%s at step %d", name, step)
                    .isCloseTo(value, within(1e-4 * value)));
        }
    }

    @Test
    void rowsOfAQueryAreReadOnceByTheExecutorsAndTheirFilesGo() throws Exception {
        WrittenRun.session()
                .read()
                .option("header", true)
                .csv(folder + "/train.csv")
                .write()
                .parquet(folder + "/table");

        ChildProcess.Result result = submit(
                TWO_EXECUTORS,
                "sql",
                "data.train={sql: \"SELECT prompt, completion, rand() AS other FROM parquet.`" + folder + "/table`\"}",
                "data.eval={format: csv, location: " + folder + "/eval.csv, options: {header: true}}",
                "cluster.workers=2");

        assertThat(result.exitCode()).as(result.output()).isZero();
        JsonNode manifest = manifest(folder.resolve("sql"));
        assertThat(manifest.at("/rows/trained").asInt()).isEqualTo(SmallRun.TRAIN_ROWS);
        assertThat(manifest.at("/rows/evaluated").asInt()).isEqualTo(SmallRun.EVAL_ROWS);
        assertThat(written("sql").metric("train/loss")).hasSize(6);
        try (Stream<Path> prepared = Files.list(folder.resolve("sql/prepared"))) {
            assertThat(prepared).hasSize(1);
        }
    }

    @Test
    void finishedOutputIsLeftAsItIs() throws Exception {
        Map<String, List<Object>> before = files(output);

        ChildProcess.Result again = submit(TWO_EXECUTORS, "two", "cluster.workers=2");
        ChildProcess.Result other = submit(TWO_EXECUTORS, "two", "training.seed=7");

        assertThat(again.output()).contains("holds the finished run of this recipe");
        assertThat(again.exitCode()).isZero();
        assertThat(SmallRun.complaints(other.output()))
                .singleElement()
                .asString()
                .contains("output: " + output, "another recipe");
        assertThat(other.exitCode()).isEqualTo(2);
        assertThat(files(output)).isEqualTo(before);
    }

    @Test
    void mistakeInTheDataIsOneSentenceAndExitCodeTwo() throws Exception {
        ChildProcess.Result result = submit(TWO_EXECUTORS, "bad", "data.columns.prompt=question");

        assertThat(SmallRun.complaints(result.output()))
                .singleElement()
                .asString()
                .contains("question", "prompt, completion");
        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(folder.resolve("bad")).doesNotExist();
    }

    @Test
    void whatTheClusterCannotRunIsRefusedBeforeRowsArePrepared() throws Exception {
        ChildProcess.Result slots = submit(TWO_EXECUTORS, "slots", "cluster.workers=3");
        ChildProcess.Result dynamic =
                submit(List.of("--conf", "spark.dynamicAllocation.enabled=true"), "dynamic", "cluster.workers=2");

        assertThat(SmallRun.complaints(slots.output()))
                .singleElement()
                .asString()
                .contains("cluster.workers: 3 workers", "set spark.cores.max=3, or cluster.workers to 2");
        assertThat(SmallRun.complaints(dynamic.output()))
                .singleElement()
                .asString()
                .contains("spark.dynamicAllocation.enabled must be false");
        for (ChildProcess.Result result : List.of(slots, dynamic)) {
            assertThat(result.exitCode()).isEqualTo(2);
            assertThat(result.output()).doesNotContain("files: ", "Running Spark version");
        }
        assertThat(folder.resolve("slots")).doesNotExist();
        assertThat(folder.resolve("dynamic")).doesNotExist();
    }

    @Test
    void aMasterThatIsNotThereIsOneSentenceAndExitCodeOne() throws Exception {
        int port;
        try (ServerSocket closed = new ServerSocket(0)) {
            port = closed.getLocalPort();
        }

        ChildProcess.Result result =
                submit(List.of("--master", "spark://127.0.0.1:" + port), "master", "cluster.workers=2");

        assertThat(SmallRun.complaints(result.output()))
                .singleElement()
                .asString()
                .contains("the master spark://127.0.0.1:" + port + " does not answer", "set --master");
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(folder.resolve("master")).doesNotExist();
    }

    @Test
    void driverOnTheClusterTrainsAnAdapterAndFinishes() throws Exception {
        ChildProcess.Result result = submit(onCluster(), "adapter", "cluster.workers=2", "adapter.r=4");

        assertThat(result.output()).as(result.output()).containsPattern("driver-\\S+ is FINISHED");
        assertThat(result.exitCode()).isZero();
        assertThat(manifest(folder.resolve("adapter")).path("status").asText()).isEqualTo("finished");
        Folder adapter = Folder.local(folder.resolve("adapter/adapter"));
        assertThat(TensorIndex.read(adapter, "adapter_model").names()).isNotEmpty();
    }

    @Test
    void driverOnTheClusterFailsWithTheRun() throws Exception {
        ChildProcess.Result result = submit(onCluster(), "bad-on-cluster", "data.columns.prompt=question");

        assertThat(result.output()).containsPattern("driver-\\S+ is (FAILED|ERROR)");
        assertThat(folder.resolve("bad-on-cluster")).doesNotExist();
    }

    private static List<String> onCluster() {
        List<String> options = new ArrayList<>(TWO_EXECUTORS);
        options.addAll(List.of("--deploy-mode", "cluster", "--driver-memory", "768m"));
        options.addAll(List.of("--conf", "spark.standalone.submit.waitAppCompletion=true"));
        options.addAll(List.of("--driver-java-options", SparkCluster.driverOptions()));
        return options;
    }

    private static ChildProcess.Result submit(List<String> options, String output, String... overrides)
            throws IOException, InterruptedException {
        List<String> command =
                new ArrayList<>(List.of("run", folder.resolve("small.yaml").toString()));
        command.add("model.base=" + SmallRun.BASE);
        command.add("data.train=" + folder.resolve("train.csv"));
        command.add("data.eval=" + folder.resolve("eval.csv"));
        command.add("output=" + folder.resolve(output));
        command.addAll(Arrays.asList(overrides));
        return cluster.submit(SmallRun.arguments(jars, options, command), Map.of());
    }

    private static WrittenRun written(String name) {
        return new WrittenRun(WrittenRun.session(), folder.resolve(name).toString());
    }

    private static JsonNode manifest(Path output) throws IOException {
        return JSON.readTree(output.resolve("manifest.json").toFile());
    }

    /** Sizes and times of all files. */
    private static Map<String, List<Object>> files(Path root) throws IOException {
        Map<String, List<Object>> found = new TreeMap<>();
        try (Stream<Path> all = Files.walk(root)) {
            for (Path file : all.toList()) {
                found.put(file.toString(), List.of(Files.size(file), Files.getLastModifiedTime(file)));
            }
        }
        return found;
    }
}
