package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.testkit.ChildProcess;
import dev.temper.testkit.Jars;
import dev.temper.testkit.SparkCluster;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs on a cluster whose settings, environment, files and storage client are full of secrets: no file, table, log or
 * event log tells one, nor a piece of it, whether the run ends well or not.
 */
@Tag("spark")
final class CanaryRunTest {
    private static final String KEY = Canaries.secret(new Random(1));
    private static final String TOKEN = Canaries.secret(new Random(2)).replaceAll("[^A-Za-z0-9/+%=]", "");
    private static final String PASSWORD = Canaries.secret(new Random(3));

    @TempDir
    private static Path folder;

    private static Jars jars;
    private static SparkCluster cluster;
    private static ChildProcess.Result finished;
    private static ChildProcess.Result failed;

    @BeforeAll
    static void run() throws Exception {
        Files.writeString(folder.resolve("small.yaml"), SmallRun.RECIPE);
        Files.write(folder.resolve("train.csv"), SmallRun.rows("train.csv", SmallRun.TRAIN_ROWS));
        Files.write(folder.resolve("eval.csv"), SmallRun.rows("eval.csv", SmallRun.EVAL_ROWS));
        Files.copy(folder.resolve("train.csv"), folder.resolve("fail.csv"));
        Files.createDirectories(folder.resolve("events"));
        jars = Jars.ofClassPath(folder);
        cluster = SparkCluster.start(new SparkCluster.Size(jars.spark(), 2, 1, 2048));
        finished = submit("finished", "train.csv", "generation.prompts=[\"Date: " + TOKEN + " ->\"]");
        failed = submit("failed", "fail.csv");
    }

    @AfterAll
    static void end() throws Exception {
        if (cluster != null) {
            cluster.close();
        }
    }

    @Test
    void theRunEndsWellAndItsClientTried() throws Exception {
        assertThat(finished.exitCode()).as(finished.output()).isZero();
        assertThat(finished.output())
                .contains("Opened telling:/", "AccountKey=*** https://host/a?sig=***", "\\u001b]0;title\\u0007")
                .doesNotContain("\u001b");
    }

    @Test
    void theFailureIsToldWithoutTheSecret() {
        assertThat(failed.exitCode()).as(failed.output()).isEqualTo(1);
        assertThat(SmallRun.complaints(failed.output()))
                .singleElement()
                .asString()
                .contains("403 Forbidden: AccountKey=*** https://");
    }

    /** Logs of driver, master, workers and executors are below the cluster's home. */
    @Test
    void noFileTellsASecret() throws Exception {
        Map<String, String> texts = new TreeMap<>();
        texts.put("console", finished.output() + failed.output());
        for (Path root : List.of(folder, cluster.home().getParent())) {
            try (Stream<Path> all = Files.walk(root)) {
                for (Path file : all.filter(Files::isRegularFile).toList()) {
                    texts.put(file.toString(), Files.readString(file, StandardCharsets.ISO_8859_1));
                }
            }
        }
        String events = texts.entrySet().stream()
                .filter(file -> file.getKey().contains("/events/app-"))
                .map(Map.Entry::getValue)
                .collect(Collectors.joining());
        assertThat(events)
                .contains("403 Forbidden: AccountKey=***")
                .contains("\"spark.hadoop." + TellingFileSystem.SECRET + "\":\"****");
        assertThat(texts.entrySet())
                .anyMatch(file -> file.getKey().matches(".*/work-\\d/app-.*/stderr")
                        && file.getValue().contains("tried AccountKey=*** https://host/a?sig=***"));
        texts.values().removeIf(text -> text.startsWith("PK"));
        for (String secret : List.of(KEY, TOKEN, PASSWORD)) {
            List<String> pieces = new ArrayList<>(Canaries.pieces(secret));
            pieces.addAll(pieces.stream().map(CanaryRunTest::asBytes).toList());
            texts.forEach((name, text) ->
                    assertThat(Canaries.found(text, pieces)).as(name).isEmpty());
        }
    }

    /** Columns of a table are compressed in their file. */
    @Test
    void noTableTellsASecret() throws Exception {
        List<String> tables = List.of("metrics", "evaluation/scores", "evaluation/generations", "rejected");
        for (String table : tables) {
            String rows = WrittenRun.session()
                    .read()
                    .parquet(folder.resolve("finished/" + table).toString())
                    .collectAsList()
                    .toString();
            for (String secret : List.of(KEY, TOKEN, PASSWORD)) {
                assertThat(Canaries.found(rows, Canaries.pieces(secret)))
                        .as(table)
                        .isEmpty();
            }
        }
        assertThat(folder.resolve("finished/evaluation/generations.csv"))
                .content()
                .contains("Date: *** ->");
    }

    private static ChildProcess.Result submit(String output, String rows, String... overrides)
            throws IOException, InterruptedException {
        List<String> options = new ArrayList<>();
        for (String setting : List.of(
                "spark.hadoop.fs.telling.impl=" + TellingFileSystem.class.getName(),
                "spark.hadoop." + TellingFileSystem.SECRET + "=" + KEY,
                "spark.hadoop.fs.s3a.bucket.other.secret.key=" + PASSWORD,
                "spark.hadoop.fs.azure.account.key.other=" + TOKEN,
                "spark.executorEnv.WANDB_API_KEY=" + TOKEN,
                "spark.ssl.keyStorePassword=" + PASSWORD,
                "spark.eventLog.enabled=true",
                "spark.eventLog.logStageExecutorMetrics=true",
                "spark.eventLog.dir=" + folder.resolve("events").toUri(),
                "spark.logConf=true")) {
            options.addAll(List.of("--conf", setting));
        }
        List<String> command = new ArrayList<>(
                List.of("run", folder.resolve("small.yaml").toString(), "--verbose", "cluster.workers=2"));
        command.add("model.base=" + SmallRun.BASE);
        command.add("data.train=telling://" + folder.resolve(rows));
        command.add("data.eval=" + folder.resolve("eval.csv"));
        command.add("output=" + folder.resolve(output));
        command.addAll(List.of(overrides));
        return cluster.submit(
                SmallRun.arguments(jars, options, command),
                Map.of("HF_TOKEN", TOKEN, "https_proxy", "http://user:" + TOKEN + "@127.0.0.1:1"));
    }

    private static String asBytes(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }
}
