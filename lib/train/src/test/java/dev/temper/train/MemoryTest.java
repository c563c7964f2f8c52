package dev.temper.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.types.Shape;
import dev.temper.model.TinyModel;
import dev.temper.model.TrainedParameters.Spec;
import dev.temper.train.config.Optim;
import dev.temper.train.optim.Optimizers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
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

        Map<String, Double> megabytes = run("RSS", SteadyRun.class, mode);

        String last = String.valueOf(SteadyRun.LAST);
        String early = String.valueOf(SteadyRun.EARLY);
        assertThat(megabytes).containsOnlyKeys(early, last);
        assertThat(megabytes.get(last)).isCloseTo(megabytes.get(early), within(0.05 * megabytes.get(early)));
    }

    @ParameterizedTest
    @EnumSource(names = {"ADAMW", "ADAMW_8BIT", "LION"})
    void anOffloadedStateIsNotInMemory(Optim rule) throws Exception {
        Map<String, Double> megabytes = run("GREW", OffloadedState.class, rule.name());

        Spec all = new Spec("a.weight", new Shape(OffloadedState.ELEMENTS), 0, true);
        double state = Optimizers.stateBytes(rule, all) / 1048576.0;
        assertThat(megabytes.get("false")).isCloseTo(state, within(state / 3));
        assertThat(megabytes.get("true"))
                .isLessThan(state / 3); // what the allocator keeps of an update's scratch memory
    }

    /** Lines of a process of its own that begin with a word, as a name and a number each. */
    private Map<String, Double> run(String word, Class<?> main, String mode) throws Exception {
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
                        main.getName(),
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
        return output.lines()
                .filter(line -> line.startsWith(word + " "))
                .map(line -> line.split(" "))
                .collect(Collectors.toMap(words -> words[1], words -> Double.valueOf(words[2])));
    }
}
