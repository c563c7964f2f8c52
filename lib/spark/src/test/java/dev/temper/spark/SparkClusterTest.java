package dev.temper.spark;

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
        try (ChildProcess job = cluster.startSubmit(arguments("1000", signal), Map.of())) {
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
        ChildProcess.Result result = cluster.submit(arguments("many", folder), Map.of());

        assertThat(result.output()).contains("NumberFormatException");
        assertThat(result.exitCode()).isEqualTo(1);
    }

    private static List<String> arguments(String numbers, Path signal) {
        List<String> arguments = new ArrayList<>();
        arguments.addAll(List.of("--executor-memory", "512m", "--class", "dev.temper.spark.CountRange"));
        arguments.addAll(List.of("--jars", jars.applicationList()));
        arguments.addAll(List.of(jars.application().get(0).toString(), numbers, signal.toString()));
        return arguments;
    }
}
