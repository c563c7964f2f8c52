package dev.temper.model;

import ai.djl.ndarray.NDArray;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.QuantKernels;
import dev.temper.kernel.Workspace;
import dev.temper.quant.Nf4;
import dev.temper.quant.Nf4Tensor;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.IntFunction;

/** The projections of a network in 4 bits: their parts stand in the dictionaries of the layers. */
final class QuantizedProjections implements AutoCloseable {
    private final Workspace workspace;
    private final IntFunction<LayerWeights> dictionary;
    private final Map<Parameter, Nf4Tensor> tensors = new LinkedHashMap<>();
    private QuantKernels kernels; // null until something is dense; a dense network needs none
    private NDArray pairs; // null until something is quantized

    /** @param dictionary of each layer */
    QuantizedProjections(Workspace workspace, IntFunction<LayerWeights> dictionary) {
        this.workspace = workspace;
        this.dictionary = dictionary;
    }

    void put(Parameter parameter, Nf4Tensor tensor) {
        if (pairs == null) {
            pairs = Nf4.pairs(workspace);
        }
        LayerWeights layer = dictionary.apply(parameter.layer());
        tensor.arrays(workspace, parameter.key()).forEach(layer::put);
        layer.put(Nf4.PAIRS, pairs);
        tensors.put(parameter, tensor);
    }

    boolean has(Parameter parameter) {
        return tensors.containsKey(parameter);
    }

    /** The whole matrix in float32, of the parameter's shape, in memory of its own. */
    NDArray dense(Parameter parameter) {
        Map<String, NDArray> parts = new HashMap<>(tensors.get(parameter).arrays(workspace, "weight"));
        parts.put(Nf4.PAIRS, pairs);
        NDArray matrix = kernels().dequantize(parts, FloatType.FLOAT32);
        return parameter.isTransposed() ? matrix.transpose() : matrix;
    }

    Set<Parameter> parameters() {
        return tensors.keySet();
    }

    private QuantKernels kernels() {
        if (kernels == null) {
            kernels = QuantKernels.open(workspace);
        }
        return kernels;
    }

    @Override
    public void close() {
        if (kernels != null) {
            kernels.close();
        }
    }
}
