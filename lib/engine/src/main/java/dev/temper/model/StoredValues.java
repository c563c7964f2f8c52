package dev.temper.model;

import ai.djl.ndarray.NDArray;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.QuantKernels;
import dev.temper.kernel.Workspace;
import dev.temper.quant.Nf4;
import dev.temper.quant.Nf4Tensor;
import dev.temper.safetensors.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** The parameters of a model on disk, one at a time, without a network: to write another model from them. */
public final class StoredValues implements AutoCloseable {
    private final Workspace workspace;
    private final StoredModel model;
    private final Optional<FloatType> dequantized;
    private final QuantKernels kernels;
    private final NDArray pairs;

    private StoredValues(Workspace workspace, StoredModel model) throws IOException {
        this.workspace = workspace;
        this.model = model;
        this.kernels = QuantKernels.open(workspace);
        this.pairs = Nf4.pairs(workspace);
        this.dequantized = dequantized();
    }

    public static StoredValues open(Workspace workspace, StoredModel model) throws IOException {
        return new StoredValues(workspace, model);
    }

    /** The 16-bit type of what was quantized; empty when nothing was. */
    private Optional<FloatType> dequantized() throws IOException {
        for (Parameter parameter : model.architecture().parameters()) {
            Optional<TensorInfo> tensor = tensor(parameter);
            if (tensor.isPresent() && isCodes(tensor.get())) {
                String dtype = Nf4Tensor.read(
                                workspace, model.files(), tensor.get().name())
                        .dtype();
                boolean isHalf = FloatType.of(dtype).equals(Optional.of(FloatType.FLOAT16));
                return Optional.of(isHalf ? FloatType.FLOAT16 : FloatType.BFLOAT16);
            }
        }
        return Optional.empty();
    }

    /** Whether some of it was saved in 4 bits. */
    public boolean isQuantized() {
        return dequantized.isPresent();
    }

    /** The type to write a parameter in: that of its file, 16 bits for all of a model saved in 4, at most float32. */
    public FloatType type(Parameter parameter) {
        return dequantized.orElseGet(() -> tensor(parameter)
                .map(StoredValues::type)
                .orElseGet(() -> type(model.architecture().parameters().get(0)))); // a new head, as the embedding
    }

    private static FloatType type(TensorInfo tensor) {
        FloatType stored = FloatType.of(tensor.dtype()).orElseThrow();
        return stored == FloatType.FLOAT64 ? FloatType.FLOAT32 : stored;
    }

    /** The bytes of a parameter in its file, if these are what is to be written. */
    public Optional<ByteBuffer> bytes(Parameter parameter) throws IOException {
        Optional<TensorInfo> tensor = tensor(parameter);
        boolean isWritten = tensor.isPresent()
                && !model.isGrown(parameter)
                && !isCodes(tensor.get())
                && tensor.get().dtype().equals(type(parameter).dtype());
        return isWritten ? Optional.of(model.files().bytes(tensor.get().name())) : Optional.empty();
    }

    /**
     * A parameter in float32, of its shape.
     *
     * @throws dev.temper.check.InvalidInputException when its codes are damaged
     */
    public NDArray values(Parameter parameter) throws IOException {
        String name = tensor(parameter).orElseThrow().name();
        if (model.isGrown(parameter)) {
            NDArray grown = workspace.empty(parameter.shape());
            AddedRows.read(workspace, model.files(), tensor(parameter).orElseThrow(), grown, FloatType.FLOAT32);
            return grown;
        }
        if (!Nf4Tensor.isIn(model.files(), name)) {
            return ModelWeights.read(workspace, model.files(), name);
        }
        Nf4Tensor codes = Nf4Tensor.read(workspace, model.files(), name);
        ModelWeights.checkShape(parameter, codes, name);
        Map<String, NDArray> parts = new HashMap<>(codes.arrays(workspace, "weight"));
        parts.put(Nf4.PAIRS, pairs);
        NDArray matrix = kernels.dequantize(parts, FloatType.FLOAT32);
        return parameter.isTransposed() ? matrix.transpose() : matrix;
    }

    private Optional<TensorInfo> tensor(Parameter parameter) {
        return model.tensor(parameter);
    }

    private boolean isCodes(TensorInfo tensor) {
        return Nf4Tensor.isIn(model.files(), tensor.name());
    }

    @Override
    public void close() {
        kernels.close();
    }
}
