package dev.temper.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.temper.kernel.LossKernels.Head;
import dev.temper.kernel.Workspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** What this machine and process can do and have used. */
final class Machine {
    private static final int TOKENS = 1024;
    private static final int INPUT = 768;
    private static final int OUTPUT = 3072;

    private Machine() {}

    /**
     * The rate of plain float32 matrix products, (1024, 768) by (768, 3072), in floating-point operations a second:
     * what training cannot exceed.
     *
     * @param seconds how long to measure
     */
    static double matrixProductRate(Workspace workspace, double seconds) {
        return Workspace.scoped(() -> {
            NDArray x = workspace.zeros(new Shape(TOKENS, INPUT)).add(0.5f);
            Head weight = new Head(workspace.zeros(new Shape(OUTPUT, INPUT)).add(0.25f), workspace.scalar(0));
            multiply(workspace, x, weight); // the first one prepares
            long products = 0;
            long start = System.nanoTime();
            long limit = start + (long) (seconds * TimeUnit.SECONDS.toNanos(1));
            long now = start;
            while (now < limit) {
                multiply(workspace, x, weight);
                products++;
                now = System.nanoTime();
            }
            return 2.0 * TOKENS * INPUT * OUTPUT * products / ((now - start) / 1e9);
        });
    }

    private static void multiply(Workspace workspace, NDArray x, Head weight) {
        workspace.losses().logits(x, weight).close();
    }

    /** The most memory this process ever had resident; Linux only. */
    static long peakBytes() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmHWM:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
            }
        }
        throw new IOException("/proc/self/status has no VmHWM");
    }

    /** Seconds of processor time that all threads of this process have used. */
    static double cpuSeconds() {
        return ProcessHandle.current().info().totalCpuDuration().orElseThrow().toNanos() / 1e9;
    }
}
