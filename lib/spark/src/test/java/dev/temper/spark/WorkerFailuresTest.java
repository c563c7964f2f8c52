package dev.temper.spark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.spark.cluster.FailingWorkersMain;
import dev.temper.testkit.ChildProcess;
import dev.temper.testkit.Jars;
import dev.temper.testkit.SparkCluster;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What reaches the driver when a worker fails in a process of its own, and what is tried again. */
@Tag("spark")
final class WorkerFailuresTest {
    private static final String PLACE = "worker 1 on 127.0.0.1";

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

    private static String told(String kind, int leastAttempts, int mostAttempts) throws Exception {
        Path marks = Files.createDirectory(folder.resolve(kind));
        List<String> arguments = List.of(
                "--executor-memory",
                "512m",
                "--class",
                FailingWorkersMain.class.getName(),
                "--jars",
                jars.applicationList(),
                jars.application().get(0).toString(),
                kind,
                marks.toString());
        ChildProcess.Result result = cluster.submit(arguments, Map.of());
        try (Stream<Path> files = Files.list(marks)) {
            assertThat(files.count()).as(result.output()).isBetween((long) leastAttempts, (long) mostAttempts);
        }
        return result.output();
    }

    @Test
    void aRunThatHasDivergedIsNotTriedAgainAndSaysWhere() throws Exception {
        String told = told("diverged", 1, 1);
        assertThat(told)
                .contains("driver caught:\ndev.temper.check.FailedRunException: it has diverged\n")
                .contains("Caused by: " + PLACE + ": dev.temper.check.FailedRunException: it has diverged\n\tat "
                        + FailingWorkersMain.class.getName() + ".fail(")
                .contains("Caused by: java.lang.ArithmeticException: not finite\n");
    }

    @Test
    void aMistakeIsNotTriedAgainAndKeepsItsCause() throws Exception {
        assertThat(told("mistake", 1, 1))
                .contains("driver caught:\ndev.temper.check.InvalidInputException: data: no rows\n")
                .contains("Caused by: " + PLACE + ": dev.temper.check.InvalidInputException: data: no rows\n\tat ")
                .contains("Caused by: java.io.IOException: the file is empty\n");
    }

    /** Nobody says that it would fail again, so it is found out. */
    @Test
    void anyOtherStateIsTriedAgainAndTellsTheLastAttempt() throws Exception {
        assertThat(told("bug", 4, 4))
                .contains("driver caught:\njava.io.IOException: " + PLACE
                        + " failed: a state that nobody thought of, in each attempt\n")
                .contains("Caused by: java.lang.IllegalStateException: a state that nobody thought of\n\tat "
                        + FailingWorkersMain.class.getName() + ".fail(");
    }

    @Test
    void whatPassesTheSecondTimeIsNoFailure() throws Exception {
        assertThat(told("disk", 2, 4)).contains("all done").doesNotContain("driver caught");
    }
}
