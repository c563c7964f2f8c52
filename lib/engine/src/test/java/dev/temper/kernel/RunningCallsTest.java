package dev.temper.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.io.TempDir;

/** A process that ends while its threads compute ends as it was told to, and not by a crash in libtorch. */
final class RunningCallsTest {
    @TempDir
    private Path folder;

    /** Computes in several threads until a signal comes. */
    static final class ComputesForever {
        private static final int THREADS = 4;

        private ComputesForever() {}

        public static void main(String[] args) throws InterruptedException {
            CountDownLatch computing = new CountDownLatch(THREADS);
            for (int i = 0; i < THREADS; i++) {
                new Thread(() -> compute(computing)).start();
            }
            computing.await();
            System.out.println("computing");
        }

        private static void compute(CountDownLatch computing) {
            try (Workspace workspace = Workspace.open(2)) {
                NDArray h = workspace.zeros(new Shape(512, 512));
                LossKernels.Head head =
                        new LossKernels.Head(workspace.zeros(new Shape(4096, 512)), workspace.scalar(0));
                while (true) {
                    Workspace.scoped(() -> workspace.losses().logits(h, head));
                    computing.countDown();
                }
            } catch (IllegalStateException e) {
                return; // the process ends: no more is computed
            }
        }
    }

    @RepeatedTest(5)
    void signalEndsAProcessThatComputes() throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:ErrorFile=" + folder.resolve("crash.log")));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), ComputesForever.class.getName()));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().remove("JAVA_TOOL_OPTIONS");
        Process process = builder.start();
        try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
            awaitLine(output, "computing");
            process.toHandle().destroy(); // SIGTERM; the output stays open

            List<String> rest = output.lines().toList();

            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).as(String.join("\n", rest)).isEqualTo(128 + 15);
            assertThat(folder).isEmptyDirectory();
        } finally {
            process.destroyForcibly();
        }
    }

    private static void awaitLine(BufferedReader output, String expected) throws IOException {
        List<String> before = new ArrayList<>();
        String line = output.readLine();
        while (line != null && !line.equals(expected)) {
            before.add(line);
            line = output.readLine();
        }
        assertThat(line).as(String.join("\n", before)).isEqualTo(expected);
    }
}
