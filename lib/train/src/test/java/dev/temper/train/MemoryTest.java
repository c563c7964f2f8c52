package dev.temper.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.temper.model.TinyModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Native memory is freed at once: a long run needs what a short one needs. */
@EnabledIf("tellsMemory")
final class MemoryTest {
    @TempDir
    Path folder;

    static boolean tellsMemory() {
        return Files.isReadable(SteadyRun.STATUS);
    }

    @ParameterizedTest
    @ValueSource(strings = {"full", "checkpointing"})
    void doesNotGrowWithTheUpdates(String mode) throws Exception {
        TinyModel.LLAMA.write(folder);
        Path log = folder.resolve("log.txt");
        // A heap of fixed size that is touched at the start: what changes is native.
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xms64m",
                        "-Xmx64m",
                        "-XX:+AlwaysPreTouch",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        SteadyRun.class.getName(),
                        folder.toString(),
                        mode)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        builder.environment().put("MALLOC_ARENA_MAX", "2");
        Process process = builder.start();
        try {
            assertThat(process.waitFor(300, TimeUnit.SECONDS)).as("ended").isTrue();
        } finally {
            process.destroyForcibly();
        }

        String output = Files.readString(log);
        assertThat(process.exitValue()).as(output).isZero();
        Map<Integer, Double> megabytes = output.lines()
                .filter(line -> line.startsWith("RSS "))
                .map(line -> line.split(" "))
                .collect(Collectors.toMap(words -> Integer.valueOf(words[1]), words -> Double.valueOf(words[2])));
        assertThat(megabytes).containsOnlyKeys(SteadyRun.EARLY, SteadyRun.LAST);
        double early = megabytes.get(SteadyRun.EARLY);
        assertThat(megabytes.get(SteadyRun.LAST)).isCloseTo(early, within(0.05 * early));
    }
}
