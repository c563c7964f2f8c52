package dev.temper.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.io.Serializable;
import java.util.Locale;

/**
 * How fast one core of this machine multiplies matrices, in floating-point operations per second. A processor with AMX
 * or AVX512-BF16 multiplies bfloat16 several times as fast as float32; one without takes several times as long.
 */
public record ProductRates(double float32, double bfloat16) implements Serializable {
    private static final int SIDE = 768;
    private static final int ROUNDS = 8;
    private static final double CLEARLY_FASTER = 1.5;

    /**
     * Takes a few tenths of a second. The best of many rounds, in turn, as another process can only take time away;
     * with one thread, as threads that wait for each other lose most beside another process.
     */
    public static ProductRates measure() {
        try (Workspace workspace = Workspace.open(1)) {
            double float32 = 0;
            double bfloat16 = 0;
            for (int round = 0; round < ROUNDS; round++) {
                float32 = Math.max(float32, rate(workspace, FloatType.FLOAT32));
                bfloat16 = Math.max(bfloat16, rate(workspace, FloatType.BFLOAT16));
            }
            return new ProductRates(float32, bfloat16);
        }
    }

    /** Of {@code (768, 768)} matrices in a type, by all threads of a workspace. */
    public static double rate(Workspace workspace, FloatType type) {
        return Workspace.scoped(() -> {
            NDArray ones = workspace.zeros(new Shape(SIDE, SIDE)).add(1f);
            NDArray matrix = workspace.tensors().cast(ones, type);
            long best = Long.MAX_VALUE;
            for (int product = 0; product < 3; product++) {
                long start = System.nanoTime();
                workspace.tensors().product(matrix, matrix).close();
                best = Math.min(best, System.nanoTime() - start);
            }
            return 2.0 * SIDE * SIDE * SIDE / (best / 1e9);
        });
    }

    /** The type whose products are faster; float32 unless it is by half. */
    public FloatType fastest() {
        return bfloat16 >= CLEARLY_FASTER * float32 ? FloatType.BFLOAT16 : FloatType.FLOAT32;
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "bf16 at %,.0f GFLOP/s a core, fp32 at %,.0f", bfloat16 / 1e9, float32 / 1e9);
    }
}
