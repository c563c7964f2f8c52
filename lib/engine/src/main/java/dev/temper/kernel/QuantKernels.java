package dev.temper.kernel;

import ai.djl.ndarray.NDArray;
import java.util.Map;

/**
 * NF4 matrices as dense ones. A layer's own program does the same through {@code nf4.weight}.
 *
 * <p>Memory: where nothing is differentiated, some rows at a time become dense, 16 MiB at most, and are gone again; on
 * a processor only, and not under DoRA, which asks for the whole matrix. A dense matrix is {@code 4 O I} bytes (2 in
 * bfloat16). A program that records keeps every matrix of the layer until its backward pass, as the gradient of
 * {@code x} needs it: with gradient checkpointing the dense matrices of one layer at a time, without it those of all
 * layers, which is the model in full precision. So train NF4 with gradient checkpointing, and give the same projection
 * of every layer the same {@code NAME.dense}, or each layer has its pages mapped anew; recording a second layer on it
 * before the first is differentiated ends in libtorch's error on memory modified in place, not in wrong gradients.
 */
public final class QuantKernels implements AutoCloseable {
    private final Workspace workspace;
    private final Program program;

    private QuantKernels(Workspace workspace) {
        this.workspace = workspace;
        this.program = workspace.compile("nf4.Nf4", Map.of());
    }

    public static QuantKernels open(Workspace workspace) {
        return new QuantKernels(workspace);
    }

    /**
     * The dense matrix as float32.
     *
     * @param parts of a projection called {@code weight}, and {@code nf4.pairs}
     * @param type in which it is computed
     */
    public NDArray dequantize(Map<String, NDArray> parts, FloatType type) {
        return program.call("dequantize")
                .with("w", parts)
                .with(workspace.ints(type.number()))
                .run()
                .get(0);
    }

    /** {@code x (1, T, I) -> y (1, T, O)}, by the operator that layers use. */
    public NDArray linear(NDArray x, Map<String, NDArray> parts) {
        return program.call("linear").with(x).with("w", parts).run().get(0);
    }

    @Override
    public void close() {
        program.close();
    }
}
