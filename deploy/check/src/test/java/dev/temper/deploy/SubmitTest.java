package dev.temper.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.testkit.ChildProcess;
import dev.temper.testkit.SparkCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The unpacked archive beside Spark's own jars, without Maven and its repository. */
@EnabledOnOs(OS.LINUX)
final class SubmitTest {
    private static final Duration LIMIT = Duration.ofMinutes(5);
    private static final String SUBMIT = "org.apache.spark.deploy.SparkSubmit";

    @TempDir
    private static Path folder;

    private static Archive archive;
    private static SparkCluster cluster;

    @BeforeAll
    static void start() throws Exception {
        archive = Archive.unpack(Files.createDirectory(folder.resolve("unpacked")));
        cluster = SparkCluster.start(new SparkCluster.Size(Archive.sparkJars(), 1, 3, 3072));
        Path script = Files.createDirectories(cluster.home().resolve("bin")).resolve("spark-submit");
        Files.writeString(
                script,
                "#!/bin/sh\nexec %s $SPARK_SUBMIT_OPTS %s -cp \"$SPARK_HOME/jars/*\" %s \"$@\"\n"
                        .formatted(ChildProcess.java(), SparkCluster.driverOptions(), SUBMIT));
        assertThat(script.toFile().setExecutable(true)).isTrue();
    }

    @AfterAll
    static void stop() throws IOException {
        cluster.close();
    }

    /** All that one types, in the folder of the archive. */
    @Test
    void theQuickstartRunsThroughSparkSubmitAlone() throws Exception {
        ChildProcess.Result result =
                inArchive("client", sparkSubmit("temper.jar", "run", "conf/quickstart.yaml", "training.max_steps=3"));

        assertThat(result.exitCode()).as(result.output()).isZero();
        assertThat(archive.root().resolve("out/quickstart/model/model.safetensors"))
                .exists();
        assertThat(archive.root().resolve("out/quickstart/manifest.json"))
                .content()
                .contains("\"status\" : \"finished\"");
        try (Stream<Path> home = Files.list(folder.resolve("home"))) {
            assertThat(home)
                    .map(Path::getFileName)
                    .map(Path::toString)
                    .contains(".djl.ai")
                    .doesNotContain(".m2");
        }
    }

    @Test
    void aMistakeInClientModeEndsWithTwo() throws Exception {
        ChildProcess.Result result = inArchive(
                "mistake", sparkSubmit("temper.jar", "run", "conf/quickstart.yaml", "training.learningrate=1e-3"));

        assertThat(result.exitCode()).as(result.output()).isEqualTo(2);
        assertThat(result.output().lines().filter(line -> line.startsWith("temper: ")))
                .singleElement()
                .asString()
                .contains("learningrate", "learning_rate");
        assertThat(result.output()).doesNotContain("\tat ");
    }

    /** The driver lies in another folder of another process: the recipe comes to it by {@code --files}. */
    @Test
    void clusterModeRunsAndTheLauncherWaits() throws Exception {
        Path output = folder.resolve("cluster");

        ChildProcess.Result result = submit("cluster", "training.max_steps=3", "output=" + output);

        assertThat(result.exitCode())
                .as(result.output() + cluster.executorOutput())
                .isZero();
        assertThat(output.resolve("manifest.json")).content().contains("\"status\" : \"finished\"");
    }

    @Test
    void inClusterModeTheDriversLogAndTheManifestHaveTheRealCode() throws Exception {
        Path output = folder.resolve("diverged");

        ChildProcess.Result mistake = submit("cluster-mistake", "training.learningrate=1e-3");
        ChildProcess.Result diverged =
                submit("cluster-diverged", "training.learning_rate=1e38", "training.max_steps=30", "output=" + output);

        assertThat(mistake.exitCode()).as(mistake.output()).isEqualTo(1);
        assertThat(mistake.output()).contains("temper: the driver ended as FAILED; its log, on its worker, says why");
        assertThat(diverged.exitCode()).as(diverged.output()).isEqualTo(1);
        assertThat(cluster.executorOutput())
                .containsPattern("temper: .*learningrate.*\n")
                .containsPattern("IllegalStateException: .*learningrate.* \\(exit code 2\\)\n")
                .containsPattern("IllegalStateException: .*training has diverged.* \\(exit code 1\\)\n");
        assertThat(output.resolve("manifest.json"))
                .content()
                .contains("\"status\" : \"failed\"", "\"exit_code\" : 1", "training has diverged");
    }

    @Test
    void bareSparkSubmitInClusterModeNamesTheOptionToAdd() throws Exception {
        List<String> arguments = new ArrayList<>(List.of("--deploy-mode", "cluster", "--total-executor-cores", "1"));
        arguments.addAll(List.of("--conf", "spark.standalone.submit.waitAppCompletion=true"));
        arguments.addAll(
                List.of("--class", "dev.temper.jobs.Temper", archive.jar().toString(), "run"));
        arguments.add(archive.root().resolve("conf/quickstart.yaml").toString());
        arguments.addAll(absolute());
        arguments.add("output=" + folder.resolve("bare"));

        cluster.submit(arguments, environment());

        assertThat(cluster.executorOutput())
                .containsPattern(
                        "temper: Spark needs options of this JVM .* add to spark-submit --driver-java-options \".*"
                                + "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED.*, or use temper submit, which does\n");
        assertThat(folder.resolve("bare")).doesNotExist();
    }

    private static ChildProcess.Result submit(String name, String... settings) throws Exception {
        List<String> command = new ArrayList<>(List.of("bin/temper", "submit", "--master", cluster.masterUrl()));
        command.addAll(List.of("--deploy-mode=cluster", "--total-executor-cores", "1", "conf/quickstart.yaml"));
        command.addAll(absolute());
        command.addAll(List.of(settings));
        return inArchive(name, command);
    }

    /** The quickstart's locations for who stands elsewhere. */
    private static List<String> absolute() {
        Path quickstart = archive.root().resolve("conf/quickstart");
        return List.of(
                "model.base=" + quickstart.resolve("base"),
                "data.train=" + quickstart.resolve("train.csv"),
                "data.eval=" + quickstart.resolve("eval.csv"));
    }

    private static List<String> sparkSubmit(String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(cluster.home().resolve("bin/spark-submit").toString());
        command.addAll(List.of("--master", "local[1]", "--class", "dev.temper.jobs.Temper"));
        command.addAll(List.of(arguments));
        return command;
    }

    private static ChildProcess.Result inArchive(String name, List<String> command) throws Exception {
        List<String> there = new ArrayList<>(List.of("sh", "-c", "cd \"$0\" && exec \"$@\""));
        there.add(archive.root().toString());
        there.addAll(command);
        try (ChildProcess process = ChildProcess.start(there, environment(), folder.resolve(name + ".log"))) {
            return process.await(LIMIT);
        }
    }

    /** Of who has no Maven. */
    private static Map<String, String> environment() throws IOException {
        Path home = Files.createDirectories(folder.resolve("home"));
        return Map.of(
                "HOME",
                home.toString(),
                "JAVA_TOOL_OPTIONS",
                "-Duser.home=" + home,
                "JAVA_HOME",
                System.getProperty("java.home"),
                "SPARK_HOME",
                cluster.home().toString(),
                "SPARK_SCALA_VERSION",
                "2.12",
                "SPARK_LOCAL_IP",
                "127.0.0.1");
    }
}
