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
        List<String> command =
                new ArrayList<>(List.of(folder.resolve("deploy/temper").toString()));
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().removeIf(name -> name.startsWith("SPARK_") || name.startsWith("TEMPER_"));
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().put("SPARK_HOME", spark.toString());
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        assertThat(output).containsAnyOf("--class", "dev.temper.jobs.Temper");
        return Arrays.asList(output.split("\n"));
    }

    private List<String> submitted(Map<String, String> environment) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(
                        folder.resolve("deploy/temper").toString(),
                        "run",
                        "--master=yarn",
                        "a recipe.yaml",
                        "training.seed=7")
                .redirectErrorStream(true);
        builder.environment().keySet().removeIf(name -> name.startsWith("SPARK_") || name.startsWith("TEMPER_"));
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().put("SPARK_HOME", spark.toString());
        builder.environment().putAll(environment);
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return Arrays.asList(output.split("\n"));
    }

    private void copy(String name) throws IOException {
        Path target = folder.resolve(name);
        Files.createDirectories(target.getParent());
        Files.copy(ROOT.resolve(name), target);
        assertThat(target.toFile().setExecutable(true)).isTrue();
    }
}
