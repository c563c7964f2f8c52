package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command as YARN starts it in cluster mode: in its own process, with the folder of the application. */
final class EarlierAttemptTest {
    private static final String MISTAKE = "unknown key trainin; did you mean training?";

    @TempDir
    private Path folder;

    @Test
    void theAttemptAfterAMistakeEndsAtOnceWithTheSameSentence() throws Exception {
        Path recipe = Files.writeString(folder.resolve("recipe.yaml"), "trainin: {}\n");
        Path staging = Files.createDirectories(folder.resolve("staging"));

        assertThat(start("cluster", staging, "run", recipe.toString()))
                .startsWith("temper: " + MISTAKE + "\n")
                .contains("IllegalStateException: " + MISTAKE);
        Files.delete(recipe); // who reads it again says something else
        assertThat(start("cluster", staging, "run", recipe.toString()))
                .startsWith("temper: " + MISTAKE + "\n")
                .contains("IllegalStateException: " + MISTAKE);
        assertThat(start("cluster", Files.createDirectories(folder.resolve("other")), "run", recipe.toString()))
                .contains("the recipe " + recipe + " does not exist");
    }

    @Test
    void nothingIsLeftInClientMode() throws Exception {
        Path staging = Files.createDirectories(folder.resolve("staging"));

        assertThat(start("client", staging, "walk")).contains("there is no command walk");

        try (Stream<Path> files = Files.list(staging)) {
            assertThat(files).isEmpty();
        }
    }

    private String start(String deployMode, Path staging, String... args) throws IOException, InterruptedException {
        List<String> command = Stream.concat(
                        Stream.of(
                                Path.of(System.getProperty("java.home"), "bin", "java")
                                        .toString(),
                                "-XX:TieredStopAtLevel=1",
                                "-Dspark.submit.deployMode=" + deployMode,
                                "-cp",
                                System.getProperty("java.class.path"),
                                Temper.class.getName()),
                        Stream.of(args))
                .toList();
        Path err = folder.resolve("err");
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectOutput(folder.resolve("out").toFile())
                .redirectError(err.toFile());
        builder.environment().remove("JAVA_TOOL_OPTIONS"); // the JVM would announce it
        builder.environment().put("SPARK_YARN_STAGING_DIR", staging.toUri().toString());
        assertThat(builder.start().waitFor()).isNotZero();
        return Files.readString(err, StandardCharsets.UTF_8)
                .lines()
                .filter(line -> !line.contains(" WARN ") && !line.startsWith("WARNING"))
                .reduce("", (text, line) -> text + line + "\n");
    }
}
