package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** {@code deploy/temper} from a checkout that is built; its {@code spark-submit} prints what it is told. */
@EnabledOnOs(OS.LINUX)
final class LauncherTest {
    private static final Path ROOT = Path.of(System.getProperty("temper.root"));
    private static final String ATTEMPTS = "spark.yarn.maxAppAttempts";

    @TempDir
    private Path folder;

    private Path spark;

    @BeforeEach
    void build() throws IOException {
        copy("pom.xml");
        copy("deploy/temper");
        Path target = Files.createDirectories(folder.resolve("jobs/target/lib"));
        Files.createFile(target.resolve("a.jar"));
        Files.createFile(target.resolveSibling("temper-jobs-1.jar"));
        Files.writeString(target.resolveSibling("classpath"), "b.jar");
        spark = folder.resolve("spark");
        Path submit = Files.createDirectories(spark.resolve("bin")).resolve("spark-submit");
        Files.writeString(submit, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n");
        assertThat(submit.toFile().setExecutable(true)).isTrue();
        Files.createDirectories(spark.resolve("conf"));
    }

    @Test
    void yarnTriesOnceUnlessTheUserSaysOtherwise() throws Exception {
        assertThat(submitted(Map.of())).contains(ATTEMPTS + "=1");
        assertThat(submitted(Map.of("TEMPER_SPARK_OPTIONS", "--conf " + ATTEMPTS + "=3")))
                .contains(ATTEMPTS + "=3")
                .doesNotContain(ATTEMPTS + "=1");

        Path defaults = spark.resolve("conf/spark-defaults.conf");
        Files.writeString(defaults, "# " + ATTEMPTS + " 7\nspark.yarn.maxAppAttemptsX 7\n");
        assertThat(submitted(Map.of())).contains(ATTEMPTS + "=1");
        Files.writeString(defaults, "spark.ui.enabled false\n  " + ATTEMPTS + "   2\n");
        assertThat(submitted(Map.of())).doesNotContain(ATTEMPTS + "=1");

        Path own = Files.writeString(folder.resolve("own.conf"), ATTEMPTS + "=2\n");
        Files.delete(defaults);
        assertThat(submitted(Map.of("TEMPER_SPARK_OPTIONS", "--properties-file " + own)))
                .doesNotContain(ATTEMPTS + "=1");
    }

    @Test
    void theRecipeComesLast() throws Exception {
        List<String> words = submitted(Map.of("TEMPER_SPARK_OPTIONS", "--executor-memory 8g"));

        assertThat(words).startsWith("--master", "yarn", "--class", "dev.temper.jobs.Temper");
        assertThat(words)
                .endsWith(
                        "--executor-memory",
                        "8g",
                        folder.resolve("jobs/target/temper-jobs-1.jar").toString(),
                        "run",
                        "a recipe.yaml",
                        "training.seed=7");
    }

    /**
     * Beside the user's own, wherever those come from; the last {@code --driver-java-options} is all that Spark reads.
     */
    @Test
    void aDriverInTheClusterGetsTheRecipeAndWhatItsJavaNeeds() throws Exception {
        Path recipe = Files.writeString(folder.resolve("a.yaml"), "name: a\n");
        Files.writeString(spark.resolve("conf/spark-defaults.conf"), "spark.driver.extraJavaOptions -Da=1 -Db=2\n");

        List<String> words = output(Map.of(), submit("spark://h:7077", "--files", "b.txt", recipe.toString(), "x=1"));

        String java = words.get(words.indexOf("--driver-java-options") + 1);
        assertThat(java)
                .contains("--add-opens=java.base/sun.nio.ch=ALL-UNNAMED")
                .endsWith(" -Da=1 -Db=2");
        assertThat(java).doesNotContain("log4j2", "ErrorFile"); // files of this machine
        assertThat(words)
                .contains("spark.standalone.submit.waitAppCompletion=true", "b.txt," + recipe.toRealPath())
                .containsSubsequence("run", "a.yaml", "x=1");
        assertThat(output(Map.of(), submit("spark://h:7077", "--driver-java-options", "-Dc=3", "r.yaml")))
                .anyMatch(word -> word.contains("sun.nio.ch") && word.endsWith(" -Dc=3"));
        assertThat(output(Map.of(), submit("spark://h:7077", "evaluate", "model", "r.yaml")))
                .containsSubsequence("evaluate", "model", "r.yaml");
    }

    /** spark-submit ends with 0 and only logs it. */
    @Test
    void theLaunchersExitCodeSaysHowADriverInTheClusterEnded() throws Exception {
        assertThat(ended(
                        "spark://h:7077",
                        "INFO ClientEndpoint: State of driver d-1 is FINISHED, exiting spark-submit."))
                .isEqualTo("0 ");
        assertThat(ended("spark://h:7077", "INFO ClientEndpoint: State of driver d-1 is KILLED, exiting spark-submit."))
                .isEqualTo("1 temper: the driver ended as KILLED; its log, on its worker, says why");
        assertThat(ended("spark://h:7077", "Error"))
                .isEqualTo("1 temper: the driver ended as nobody knows what; its log, on its worker, says why");
        assertThat(ended("k8s://h", "\t exit code: 0")).isEqualTo("0 ");
        assertThat(ended("k8s://h", "\t exit code: 75"))
                .isEqualTo("1 temper: the driver ended with 75; the log of its pod says why");
        assertThat(ended("yarn", "Application report")).isEqualTo("0 ");
    }

    private String ended(String master, String line) throws Exception {
        Files.writeString(spark.resolve("bin/spark-submit"), "#!/bin/sh\nprintf '%s\\n' '" + line + "' >&2\n");
        Process process = process(Map.of(), submit(master, "r.yaml"));
        List<String> output = lines(process);
        return process.waitFor() + " "
                + output.stream().filter(one -> one.startsWith("temper: ")).collect(Collectors.joining());
    }

    private static String[] submit(String master, String... more) {
        return Stream.concat(Stream.of("submit", "--master", master, "--deploy-mode", "cluster"), Stream.of(more))
                .toArray(String[]::new);
    }

    /** Help and plans need no cluster, wherever their options stand; runs do. */
    @Test
    void whatNeedsNoSparkIsNotSubmitted() throws Exception {
        for (List<String> command : List.<List<String>>of(
                List.of("help"),
                List.of("--master", "yarn", "help", "run"),
                List.of("run", "--help"),
                List.of("--verbose", "--master=yarn", "plan", "a.yaml"),
                List.of("completion"),
                List.of())) {
            assertThat(launched(command)).as(command.toString()).noneMatch(line -> line.equals("--class"));
        }
        assertThat(launched(List.of("--verbose", "run", "a.yaml", "--master", "yarn")))
                .startsWith("--master", "yarn", "--class")
                .endsWith("--verbose", "run", "a.yaml");
    }

    /** Nobody has built the classes, so without {@code spark-submit} Java ends with a complaint. */
    private List<String> launched(List<String> arguments) throws IOException, InterruptedException {
        Process process = process(Map.of(), arguments.toArray(String[]::new));
        List<String> output = lines(process);
        process.waitFor();
        assertThat(output.toString()).containsAnyOf("--class", "dev.temper.jobs.Temper");
        return output;
    }

    private List<String> submitted(Map<String, String> environment) throws IOException, InterruptedException {
        return output(environment, "run", "--master=yarn", "a recipe.yaml", "training.seed=7");
    }

    private List<String> output(Map<String, String> environment, String... arguments)
            throws IOException, InterruptedException {
        Process process = process(environment, arguments);
        List<String> output = lines(process);
        // Nothing is known of a driver's end that no spark-submit tells.
        assertThat(process.waitFor())
                .as(output.toString())
                .isEqualTo(List.of(arguments).contains("cluster") ? 1 : 0);
        return output;
    }

    private static List<String> lines(Process process) throws IOException {
        return Arrays.asList(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).split("\n"));
    }

    private Process process(Map<String, String> environment, String... arguments) throws IOException {
        List<String> command =
                new ArrayList<>(List.of(folder.resolve("deploy/temper").toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().removeIf(name -> name.startsWith("SPARK_") || name.startsWith("TEMPER_"));
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().put("SPARK_HOME", spark.toString());
        builder.environment().putAll(environment);
        return builder.start();
    }

    private void copy(String name) throws IOException {
        Path target = folder.resolve(name);
        Files.createDirectories(target.getParent());
        Files.copy(ROOT.resolve(name), target);
        assertThat(target.toFile().setExecutable(true)).isTrue();
    }
}
