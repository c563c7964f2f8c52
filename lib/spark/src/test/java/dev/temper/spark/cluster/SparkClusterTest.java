package dev.temper.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import dev.temper.inference.TextClassifier;
import dev.temper.inference.TinyFolder;
import dev.temper.spark.CountRange;
import dev.temper.spark.LocalSpark;
import dev.temper.spark.ScoreTextsMain;
import dev.temper.spark.preparing.PrepareRowsMain;
import dev.temper.testkit.ChildProcess;
import dev.temper.testkit.Jars;
import dev.temper.testkit.SparkCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Jobs submitted to two workers, their classes in jars of their own. */
@Tag("spark")
final class SparkClusterTest {
    private static final Duration LIMIT = Duration.ofMinutes(3);

    @TempDir
    private static Path folder;

    private static Jars jars;
    private static SparkCluster cluster;

    @BeforeAll
    static void start() throws Exception {
        jars = Jars.ofClassPath(folder);
        cluster = SparkCluster.start(SparkCluster.Size.ofWorkers(2, jars.spark()));
    }

    @AfterAll
    static void end() throws Exception {
        if (cluster != null) {
            cluster.close();
        }
    }

    @Test
    void jobOutlivesAKilledExecutor() throws Exception {
        Path signal = folder.resolve("go");
        try (ChildProcess job = cluster.startSubmit(arguments(CountRange.class, "1000", signal.toString()), Map.of())) {
            job.awaitUntil("two executors", LIMIT, () -> cluster.executorIds().size() == 2);
            long killed = cluster.executorIds().get(0);
            cluster.killExecutor(killed);
            job.awaitUntil("a third executor", LIMIT, () -> {
                List<Long> ids = cluster.executorIds();
                return ids.size() == 2 && !ids.contains(killed);
            });
            Files.createFile(signal);

            ChildProcess.Result result = job.await(LIMIT);

            assertThat(result.output()).contains("counted 1000");
            assertThat(result.exitCode()).isZero();
        }
    }

    @Test
    void failingJobReturnsItsExitCode() throws Exception {
        ChildProcess.Result result = cluster.submit(arguments(CountRange.class, "many", folder.toString()), Map.of());

        assertThat(result.output()).contains("NumberFormatException");
        assertThat(result.exitCode()).isEqualTo(1);
    }

    @Test
    void preparedDataIsTheSameWhenAnExecutorEndsMidway() throws Exception {
        LocalSpark.writeTokenizer(folder.resolve("tokenizer"), 1000);
        Files.createDirectories(folder.resolve("data"));
        for (int file = 0; file < 2; file++) {
            StringBuilder csv = new StringBuilder("prompt,completion\n");
            IntStream.range(0, 13_000).forEach(i -> csv.append("w%d, w%d\n".formatted(i % 1000, i / 1000)));
            Files.writeString(folder.resolve("data/" + file + ".csv"), csv);
        }

        ChildProcess.Result result =
                cluster.submit(arguments(PrepareRowsMain.class, folder.toString(), "cluster"), Map.of());

        assertThat(result.output()).contains("prepared 26000 rows = ");
        assertThat(result.exitCode()).isZero();
        assertThat(folder.resolve("ended")).as("an executor ended").exists();
        PrepareRowsMain.prepare(LocalSpark.session(), folder, "local", List.of());
        assertThat(files("cluster")).hasSize(3).usingRecursiveComparison().isEqualTo(files("local"));
    }

    @Test
    void executorsLoadAModelAndScore() throws Exception {
        Path model = TinyFolder.classifier(folder.resolve("classifier"));

        ChildProcess.Result result = cluster.submit(arguments(ScoreTextsMain.class, model.toString()), Map.of());

        try (TextClassifier classifier = TextClassifier.open(model)) {
            String expected = ScoreTextsMain.texts().stream()
                    .sorted()
                    .map(text -> text + "=" + classifier.classify(text).label())
                    .collect(Collectors.joining(","));
            assertThat(result.output()).contains("scored " + expected);
        }
        assertThat(result.exitCode()).isZero();
    }

    @Test
    void aWorkerTakesTheCoresOfItsExecutorAndNoMoreOfTheMachine() throws Exception {
        List<String> options = List.of("--conf", "spark.executorEnv.OMP_DISPLAY_ENV=VERBOSE");

        ChildProcess.Result result = cluster.submit(arguments(options, WorkerThreadsMain.class, "2"), Map.of());

        assertThat(result.output()).contains("threads [1, 1]");
        assertThat(result.exitCode()).isZero();
        assertThat(cluster.executorOutput()).contains("GOMP_SPINCOUNT = '700'");
    }

    @Test
    void theUsersWayOfWaitingReachesTheExecutors() throws Exception {
        List<String> options = List.of(
                "--conf",
                "spark.executorEnv.OMP_DISPLAY_ENV=VERBOSE",
                "--conf",
                "spark.executorEnv.GOMP_SPINCOUNT=4321");

        ChildProcess.Result result = cluster.submit(arguments(options, WorkerThreadsMain.class, "1"), Map.of());

        assertThat(result.exitCode()).isZero();
        assertThat(cluster.executorOutput()).contains("GOMP_SPINCOUNT = '4321'");
    }

    @ParameterizedTest
    @CsvSource({"local, 1, 1", "local[2], 2, '1, 1'", "local[3], 3, '1, 1, 1'", "'local[1,2]', 1, 1"})
    void aLocalWorkerSharesTheCoresOfTheMaster(String master, int workers, String threads) throws Exception {
        ChildProcess.Result result = cluster.submit(
                arguments(List.of("--master", master), WorkerThreadsMain.class, String.valueOf(workers)), Map.of());

        assertThat(result.output()).contains("threads [" + threads + "]");
    }

    @Test
    void aWorkerTakesTheProcessorsOfItsTaskWhereTheUserSaysHowMany() throws Exception {
        List<String> options = List.of("--master", "local[6]", "--conf", "spark.task.cpus=3");

        ChildProcess.Result result = cluster.submit(arguments(options, WorkerThreadsMain.class, "2"), Map.of());

        assertThat(result.output()).contains("threads [3, 3]");
    }

    @Test
    void workersThatAClusterCannotHaveAreRefusedBeforeASession() {
        SparkConf conf = new SparkConf(false).set("spark.master", cluster.masterUrl());

        ClusterCheck.verify(conf, 2);
        assertThatThrownBy(() -> ClusterCheck.verify(conf, 3))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("cluster.workers: 3 workers train side by side and need a slot each, and the cluster has 2"
                        + " (machines: 2, cores of each: 1, MB: 2048): set --master to a larger cluster, or"
                        + " cluster.workers to 2");
        assertThatThrownBy(() -> ClusterCheck.verify(conf.clone().set("spark.executor.memory", "3g"), 2))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("the cluster has 0")
                .hasMessageEndingWith("set spark.executor.memory to less than its 3072 MB");
    }

    @Test
    void workersWaitForSlotsThatAnotherApplicationHas() throws Exception {
        Path signal = folder.resolve("free");
        List<String> one = List.of("--total-executor-cores", "1");
        try (ChildProcess other =
                        cluster.startSubmit(arguments(one, CountRange.class, "10", signal.toString()), Map.of());
                ChildProcess job = start(other)) {
            job.awaitUntil(
                    "waiting", LIMIT, () -> job.output().contains("warned: waiting for executors: 1 of 2 slots"));
            Files.createFile(signal);

            assertThat(other.await(LIMIT).exitCode()).isZero();
            assertThat(job.await(LIMIT).output()).contains("threads [1, 1]");
        }
    }

    private static ChildProcess start(ChildProcess other) throws Exception {
        other.awaitUntil("an executor", LIMIT, () -> cluster.executorIds().size() == 1);
        return cluster.startSubmit(arguments(WorkerThreadsMain.class, "2"), Map.of());
    }

    private static Map<String, byte[]> files(String name) throws IOException {
        Map<String, byte[]> files = new TreeMap<>();
        try (Stream<Path> paths = Files.walk(folder.resolve(name))) {
            for (Path path : paths.filter(Files::isRegularFile).toList()) {
                files.put(path.getFileName().toString(), Files.readAllBytes(path));
            }
        }
        return files;
    }

    private static List<String> arguments(Class<?> main, String... more) {
        return arguments(List.of(), main, more);
    }

    private static List<String> arguments(List<String> options, Class<?> main, String... more) {
        List<String> arguments = new ArrayList<>(options);
        arguments.addAll(List.of("--executor-memory", "512m", "--class", main.getName()));
        arguments.addAll(List.of("--jars", jars.applicationList()));
        arguments.add(jars.application().get(0).toString());
        arguments.addAll(List.of(more));
        return arguments;
    }
}
