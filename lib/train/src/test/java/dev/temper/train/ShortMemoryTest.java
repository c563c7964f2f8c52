package dev.temper.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/** Processes that the system gives no more than so much memory: allocations really fail. */
@EnabledIf("hasLimits")
final class ShortMemoryTest {
    private static final int ALL_TOKENS = WideRun.ROWS * WideRun.LENGTH;

    private static final String NONE = "ulimit -v unlimited";
    private static final int MEGABYTE = 1024; // in kilobytes, as the limits are

    @TempDir
    static Path folder;

    static boolean hasLimits() {
        return Files.isReadable(WideRun.STATUS) && Files.isExecutable(Path.of("/bin/bash"));
    }

    @BeforeAll
    static void writeModels() throws Exception {
        WideRun.writeWide(folder.resolve("wide"));
        WideRun.writeDeep(folder.resolve("deep"));
    }

    @Test
    void halvesUntilItFitsAndLearnsTheSame() throws Exception {
        Output rowByRow = train("wide", WideRun.LENGTH, "recording", NONE);
        rowByRow.verifyWhole(0);
        long needed = (long) rowByRow.values("VmPeak ")[0];

        Output whole = train("wide", ALL_TOKENS, "recording", "ulimit -v " + (needed + 64 * MEGABYTE));
        assertThat(whole.exitCode()).as(whole.text()).isZero();
        assertThat(whole.values("LOSS ")).containsExactly(rowByRow.values("LOSS "), within(1e-5));
        assertThat(whole.values("LOSS ")).hasSize(WideRun.STEPS + 2).doesNotHaveDuplicates();
        assertThat(whole.values("HALVINGS ")[0]).isGreaterThanOrEqualTo(1);
        assertThat(whole.text()).contains("WARNED update 1 found no memory and was repeated in smaller passes");

        // A row alone leaves 32 MB behind.
        Output less = train("wide", WideRun.LENGTH, "recording", "ulimit -v " + (needed - 12 * MEGABYTE));
        assertThat(less.exitCode()).isEqualTo(1);
        assertThat(less.text())
                .contains("TooLongRowException: out of memory: a row of 128 tokens does not fit by itself");
    }

    /** A limit on a process's own memory, where the pages of mapped files do not count. */
    @Test
    void offloadedInputsOfLayersAreNotItsOwnMemory() throws Exception {
        Output rowByRow = train("deep", WideRun.LENGTH, "checkpointing", NONE);
        rowByRow.verifyWhole(0);
        String limit = "ulimit -d " + ((long) rowByRow.values("VmData ")[0] + 96 * MEGABYTE); // the inputs take 128

        Output offloaded = train("deep", ALL_TOKENS, "offloading", limit);
        Output kept = train("deep", ALL_TOKENS, "checkpointing", limit);

        offloaded.verifyWhole(0);
        assertThat(kept.values("HALVINGS ")[0]).isGreaterThanOrEqualTo(1);
    }

    private record Output(String text, int exitCode) {
        void verifyWhole(int halvings) {
            assertThat(exitCode).as(text).isZero();
            assertThat(values("HALVINGS ")).containsExactly(halvings);
        }

        double[] values(String name) {
            return text.lines()
                    .filter(line -> line.startsWith(name))
                    .mapToDouble(line -> Double.parseDouble(line.substring(name.length())))
                    .toArray();
        }
    }

    private static Output train(String model, int microBatchTokens, String mode, String limit) throws Exception {
        Path log = folder.resolve("log.txt");
        ProcessBuilder builder = new ProcessBuilder(List.of(
                        "/bin/bash",
                        "-c",
                        limit + " && exec \"$@\"",
                        "bash",
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        // What Java reserves is small and does not change from run to run.
                        "-Xms64m",
                        "-Xmx64m",
                        "-Xss512k",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:-UseDynamicNumberOfCompilerThreads",
                        "-XX:ReservedCodeCacheSize=32m",
                        "-XX:CompressedClassSpaceSize=32m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        WideRun.class.getName(),
                        folder.resolve(model).toString(),
                        String.valueOf(microBatchTokens),
                        mode))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        builder.environment().put("MALLOC_ARENA_MAX", "1");
        builder.environment().put("MALLOC_TOP_PAD_", String.valueOf(8 << 20)); // Java's own malloc never fails
        Process process = builder.start();
        try {
            assertThat(process.waitFor(300, TimeUnit.SECONDS)).as("ended").isTrue();
        } finally {
            process.destroyForcibly();
        }
        return new Output(Files.readString(log), process.exitValue());
    }
}
