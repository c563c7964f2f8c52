package dev.temper.spark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.testkit.ChildProcess;
import dev.temper.testkit.Jars;
import dev.temper.testkit.SparkCluster;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A job submitted to two workers, its classes in jars of its own. */
@Tag("spark")
final class SparkClusterTest {
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
    void jobRunsOnTwoExecutors() throws Exception {
        ChildProcess.Result result = submit("dev.temper.spark.CountRange", "1000");

        assertThat(result.output()).contains("counted 1000 on 2 executors");
        assertThat(result.exitCode()).isZero();
    }

    @Test
    void failingJobReturnsItsExitCode() throws Exception {
        ChildProcess.Result result = submit("dev.temper.spark.CountRange", "many");

        assertThat(result.output()).contains("NumberFormatException");
        assertThat(result.exitCode()).isEqualTo(1);
    }

    private static ChildProcess.Result submit(String mainClass, String argument) throws Exception {
        List<String> arguments = new ArrayList<>();
        arguments.addAll(List.of("--executor-memory", "512m", "--class", mainClass));
        // Tasks wait until both executors are there.
        arguments.addAll(List.of("--conf", "spark.scheduler.minRegisteredResourcesRatio=1.0"));
        arguments.addAll(List.of("--jars", jars.applicationList()));
        arguments.addAll(List.of(jars.application().get(0).toString(), argument));
        return cluster.submit(arguments, Map.of());
    }
}
