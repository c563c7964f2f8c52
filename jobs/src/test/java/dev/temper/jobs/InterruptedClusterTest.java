package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.testkit.ChildProcess;
import dev.temper.testkit.Jars;
import dev.temper.testkit.SparkCluster;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A driver gets a signal, and workers on executors of a standalone cluster stop together. */
@Tag("spark")
final class InterruptedClusterTest {
    private static final Duration LIMIT = Duration.ofMinutes(4);
    private static final List<String> TWO_EXECUTORS = List.of("--total-executor-cores", "2", "--executor-cores", "1");

    @TempDir
    private static Path folder;

    private static Jars jars;
    private static SparkCluster cluster;

    @BeforeAll
    static void start() throws Exception {
        Files.writeString(folder.resolve("small.yaml"), SmallRun.RECIPE);
        Files.write(folder.resolve("train.csv"), SmallRun.rows("train.csv", SmallRun.TRAIN_ROWS));
        Files.write(folder.resolve("eval.csv"), SmallRun.rows("eval.csv", SmallRun.EVAL_ROWS));
        jars = Jars.ofClassPath(folder);
        cluster = SparkCluster.start(new SparkCluster.Size(jars.spark(), 2, 2, 2048));
    }

    @AfterAll
    static void end() throws Exception {
        if (cluster != null) {
            cluster.close();
        }
    }

    private static ChildProcess start(List<String> options, String output) throws Exception {
        List<String> command =
                new ArrayList<>(List.of("run", folder.resolve("small.yaml").toString()));
        command.add("model.base=" + SmallRun.BASE);
        command.add("data.train=" + folder.resolve("train.csv"));
        command.add("data.eval=" + folder.resolve("eval.csv"));
        command.addAll(List.of("training.max_steps=100", "training.eval_steps=50", "cluster.workers=2"));
        command.addAll(List.of("training.save_strategy=steps", "training.save_steps=5"));
        command.add("output=" + folder.resolve(output));
        return cluster.startSubmit(SmallRun.arguments(jars, options, command), Map.of());
    }

    private static ChildProcess.Result run(String output) throws Exception {
        try (ChildProcess process = start(TWO_EXECUTORS, output)) {
            return process.await(LIMIT);
        }
    }

    private static boolean hasCheckpoint(String output) {
        return Files.exists(folder.resolve(output).resolve("checkpoints/step-00000005/MANIFEST.json"));
    }

    @Test
    void workersOnExecutorsStopTogetherAndGoOnToTheSameBits() throws Exception {
        ChildProcess.Result whole = run("whole");
        assertThat(whole.exitCode()).as(whole.output()).isZero();
        ChildProcess.Result interrupted;
        try (ChildProcess process = start(TWO_EXECUTORS, "client")) {
            process.awaitUntil("a checkpoint", LIMIT, () -> hasCheckpoint("client"));
            process.signal("TERM");
            interrupted = process.await(LIMIT);
        }

        assertThat(interrupted.exitCode()).as(interrupted.output()).isEqualTo(75);
        assertThat(SmallRun.complaints(interrupted.output()))
                .singleElement()
                .asString()
                .matches("temper: interrupted after update \\d+ of 100, a checkpoint is saved; to go on: spark-submit"
                        + " --master spark://\\S+ .* run \\S+/small\\.yaml .*output=\\S+/client");
        ChildProcess.Result resumed = run("client");
        assertThat(resumed.exitCode()).as(resumed.output()).isZero();
        assertThat(resumed.output()).contains("continues after step ");
        WrittenRun expected =
                new WrittenRun(WrittenRun.session(), folder.resolve("whole").toString());
        WrittenRun actual =
                new WrittenRun(WrittenRun.session(), folder.resolve("client").toString());
        for (String name : List.of("train/loss", "train/grad_norm", "eval/loss")) {
            assertThat(actual.metric(name))
                    .as(name)
                    .isEqualTo(expected.metric(name))
                    .isNotEmpty();
        }
        assertThat(folder.resolve("client/model/model.safetensors"))
                .hasSameBinaryContentAs(folder.resolve("whole/model/model.safetensors"));
    }

    @Test
    void aDriverOnTheClusterFailsAndTheRunGoesOn() throws Exception {
        List<String> options = new ArrayList<>(TWO_EXECUTORS);
        options.addAll(List.of("--deploy-mode", "cluster", "--driver-memory", "768m"));
        options.addAll(List.of("--conf", "spark.standalone.submit.waitAppCompletion=true"));
        options.addAll(List.of("--driver-java-options", SparkCluster.driverOptions()));
        ChildProcess.Result submitted;
        try (ChildProcess process = start(options, "cluster")) {
            process.awaitUntil("a checkpoint", LIMIT, () -> hasCheckpoint("cluster"));
            long driver = cluster.driverIds().get(0);
            ProcessHandle.of(driver).orElseThrow().destroy(); // SIGTERM
            submitted = process.await(LIMIT);
        }

        assertThat(submitted.output()).containsPattern("driver-\\S+ is (FAILED|ERROR)");
        ChildProcess.Result resumed = run("cluster");
        assertThat(resumed.exitCode()).as(resumed.output()).isZero();
        assertThat(resumed.output()).contains("continues after step ");
    }
}
