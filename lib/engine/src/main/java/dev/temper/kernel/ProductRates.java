package dev.temper.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.io.Serializable;
import java.util.Locale;

/**
 * How fast this machine multiplies matrices, in floating-point operations per second. A processor with AMX or
 * AVX512-BF16 multiplies bfloat16 several times as fast as float32; one without takes several times as long.
 */
public record ProductRates(double float32, double bfloat16) implements Serializable {
    private static final int SIDE = 768;
    private static final int ROUNDS = 6;
    private static final double CLEARLY_FASTER = 1.5;

    /** Takes a few tenths of a second; the best of some rounds, as another process can only take time away. */
    public static ProductRates measure(Workspace workspace) {
        return new ProductRates(rate(workspace, FloatType.FLOAT32), rate(workspace, FloatType.BFLOAT16));
    }

    /** Of {@code (768, 768)} matrices in a type. */
    public static double rate(Workspace workspace, FloatType type) {
        return Workspace.scoped(() -> {
            NDArray matrix = workspace.training().cast(workspace.zeros(new Shape(SIDE, SIDE)), type);
            long best = Long.MAX_VALUE;
            for (int round = 0; round < ROUNDS; round++) {
                long start = System.nanoTime();
                workspace.training().product(matrix, matrix).close();
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
        return String.format(Locale.ROOT, "bf16 at %,.0f GFLOP/s, fp32 at %,.0f", bfloat16 / 1e9, float32 / 1e9);
    }
}
