package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.temper.testkit.ChildProcess;
import dev.temper.testkit.Jars;
import dev.temper.testkit.MountNamespace;
import dev.temper.testkit.SparkCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code temper run} on a cluster whose machines share a disk, and have folders of the same path of their own. */
@Tag("spark")
final class PrivateDisksTest {
    private static final String ADVICE = " to a location that all machines see, such as s3a:// or hdfs://, or a folder"
            + " on a mount that they share";

    @TempDir
    private static Path folder;

    private static Jars jars;
    private static SparkCluster cluster;

    @BeforeAll
    static void start() throws Exception {
        Optional<String> refusal = MountNamespace.refusal();
        assumeTrue(refusal.isEmpty(), refusal.orElse(""));
        Files.writeString(folder.resolve("small.yaml"), SmallRun.RECIPE);
        Files.write(folder.resolve("train.csv"), SmallRun.rows("train.csv", SmallRun.TRAIN_ROWS));
        Files.write(folder.resolve("eval.csv"), SmallRun.rows("eval.csv", SmallRun.EVAL_ROWS));
        for (String name : List.of("private", "readable", "shared")) {
            Files.createDirectory(folder.resolve(name));
        }
        jars = Jars.ofClassPath(folder);
        String script =
                """
                mount -t tmpfs temper FOLDER/private
                mount --bind FOLDER/readable FOLDER/readable
                mount -o remount,bind,ro FOLDER/readable
                exec "$@"
                """;
        List<String> mounts = MountNamespace.before(script.replace("FOLDER", folder.toString()));
        cluster = SparkCluster.start(SparkCluster.Size.ofWorkers(2, jars.spark()), mounts);
    }

    @AfterAll
    static void end() throws Exception {
        if (cluster != null) {
            cluster.close();
        }
    }

    @Test
    void anOutputThatWorkersDoNotSeeIsRefusedBeforeRowsArePrepared() throws Exception {
        Path output = folder.resolve("private/out");

        ChildProcess.Result result = run("output=" + output);

        assertRefused(
                result,
                "temper: output: the executor on 127.0.0.1 does not see " + output + " as the driver does; set output"
                        + ADVICE);
        assertThat(result.output()).doesNotContain("files: ");
        assertThat(output).doesNotExist();
    }

    @Test
    void anOutputThatWorkersCannotWriteIsRefused() throws Exception {
        Path output = folder.resolve("readable/out");

        ChildProcess.Result result = run("output=" + output);

        assertRefused(
                result,
                "temper: output: the executor on 127.0.0.1 cannot use " + output + ": ",
                "Read-only file system; set output" + ADVICE);
        assertThat(folder.resolve("readable")).isEmptyDirectory();
    }

    @Test
    void preparedRowsThatWorkersDoNotSeeAreRefused() throws Exception {
        Path prepared = folder.resolve("private/prepared");
        Path output = folder.resolve("shared/prepared-elsewhere");

        ChildProcess.Result result = run("output=" + output, "data.prepared=" + prepared);

        assertRefused(
                result,
                "temper: data.prepared: the executor on 127.0.0.1 does not see " + prepared + "/",
                " as the driver does; set data.prepared" + ADVICE);
        assertThat(prepared).doesNotExist();
        assertThat(output).doesNotExist();
    }

    @Test
    void rowsThatTheDriverHasPreparedAloneAreRefused() throws Exception {
        Path prepared = folder.resolve("private/alone");
        Path output = folder.resolve("shared/prepared-alone");
        String[] settings = {"output=" + output, "data.prepared=" + prepared};
        ChildProcess.Result before = submit(List.of("--master", "local[1]"), "prepare", settings);
        assertThat(before.exitCode()).as(before.output()).isZero();

        ChildProcess.Result result = run(settings);

        assertRefused(
                result,
                "temper: data.prepared: the executor on 127.0.0.1 does not see " + prepared + "/",
                " as the driver does; set data.prepared" + ADVICE);
        assertThat(output).doesNotExist();
    }

    @Test
    void aRelativeOutputIsTheDriversOnAllMachines() throws Exception {
        String relative = Path.of("")
                .toAbsolutePath()
                .relativize(folder.resolve("shared/relative"))
                .toString();

        ChildProcess.Result result = run("output=" + relative);

        assertThat(result.exitCode()).as(result.output()).isZero();
        assertThat(folder.resolve("shared/relative/model/model.safetensors")).isRegularFile();
        try (Stream<Path> files = Files.list(folder.resolve("shared/relative"))) {
            assertThat(files.map(Path::getFileName).map(Path::toString))
                    .noneMatch(name -> name.startsWith("lease-"))
                    .contains("manifest.json");
        }
    }

    private static void assertRefused(ChildProcess.Result result, String... sentence) {
        assertThat(SmallRun.complaints(result.output()))
                .singleElement()
                .asString()
                .contains(sentence);
        assertThat(result.exitCode()).isEqualTo(2);
    }

    private static ChildProcess.Result run(String... overrides) throws IOException, InterruptedException {
        return submit(List.of("--total-executor-cores", "2", "--executor-cores", "1"), "run", overrides);
    }

    private static ChildProcess.Result submit(List<String> options, String command, String... overrides)
            throws IOException, InterruptedException {
        List<String> arguments =
                new ArrayList<>(List.of(command, folder.resolve("small.yaml").toString()));
        arguments.add("model.base=" + SmallRun.BASE);
        arguments.add("data.train=" + folder.resolve("train.csv"));
        arguments.add("data.eval=" + folder.resolve("eval.csv"));
        arguments.add("cluster.workers=2");
        arguments.addAll(Arrays.asList(overrides));
        return cluster.submit(SmallRun.arguments(jars, options, arguments), Map.of());
    }
}
