package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** {@code bin/temper} as it lies in the archive; what is in the archive is tested in deploy/check. */
@EnabledOnOs(OS.LINUX)
final class ArchiveLauncherTest {
    @TempDir
    private Path folder;

    private Path spark;

    @BeforeEach
    void unpack() throws IOException {
        Path bin = Files.createDirectories(folder.resolve("temper/bin"));
        Path launcher = Path.of(System.getProperty("temper.root"), "deploy/temper");
        executable(bin.resolve("temper"), Files.readString(launcher));
        Files.writeString(bin.resolve("jvm-options"), "spark --add-opens=a/b=c\nhere -Xss1m\n");
        Files.createFile(bin.resolveSibling("temper.jar"));
        spark = folder.resolve("spark");
        Files.createDirectories(spark.resolve("jars"));
        executable(
                Files.createDirectories(spark.resolve("bin")).resolve("spark-submit"),
                "#!/bin/sh\necho \"$SPARK_HOME $@\"\n");
    }

    @Test
    void itsOneJarGoesToSparkSubmitAndNoOthers() throws Exception {
        assertThat(run(Map.of("SPARK_HOME", spark.toString())))
                .startsWith("0 " + spark + " --master yarn --class dev.temper.jobs.Temper")
                .contains("--driver-java-options --add-opens=a/b=c ")
                .endsWith(folder.resolve("temper/temper.jar") + " run r.yaml\n")
                .doesNotContain("--jars");
        assertThat(run(Map.of("SPARK_HOME", spark.toString(), "TEMPER_JAR", "hdfs:///temper.jar")))
                .endsWith(" hdfs:///temper.jar run r.yaml\n");
    }

    /** Of a distribution, or pip's: there the scripts lie in one place and the jars in another. */
    @Test
    void sparkIsFoundByItsSparkSubmitOnThePath() throws Exception {
        assertThat(run(Map.of("PATH", spark.resolve("bin") + ":/usr/bin:/bin"))).startsWith("0 " + spark + " --master");

        Path scripts = Files.createDirectories(folder.resolve("venv/bin"));
        executable(scripts.resolve("spark-submit"), "#!/bin/sh\n");
        executable(scripts.resolve("python3"), "#!/bin/sh\necho " + spark + "\n");
        Files.createFile(scripts.resolve("find_spark_home.py"));
        assertThat(run(Map.of("PATH", scripts + ":/usr/bin:/bin"))).startsWith("0 " + spark + " --master");
    }

    @Test
    void whatIsMissingIsNamed() throws Exception {
        assertThat(run(Map.of("PATH", "/usr/bin:/bin")))
                .isEqualTo("1 temper: the archive holds no Spark: point SPARK_HOME at a distribution of Spark 3.5 (pip"
                        + " install pyspark==3.5.8 brings one), or put its spark-submit on the PATH\n");
        assertThat(run(Map.of("SPARK_HOME", folder.toString())))
                .isEqualTo("1 temper: there is no folder jars in " + folder
                        + ": point SPARK_HOME at a distribution of Spark\n");
        Files.delete(folder.resolve("temper/temper.jar"));
        assertThat(run(Map.of("SPARK_HOME", spark.toString())))
                .isEqualTo(
                        "1 temper: " + folder.resolve("temper/temper.jar") + " is missing: unpack the archive again\n");
    }

    private String run(Map<String, String> environment) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(
                        folder.resolve("temper/bin/temper").toString(), "run", "--master", "yarn", "r.yaml")
                .redirectErrorStream(true);
        builder.environment().keySet().removeIf(name -> name.startsWith("SPARK_") || name.startsWith("TEMPER_"));
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().putAll(environment);
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return process.waitFor() + " " + output;
    }

    private static void executable(Path file, String text) throws IOException {
        Files.writeString(file, text);
        assertThat(file.toFile().setExecutable(true)).isTrue();
    }
}
