package dev.temper.model;

import ai.djl.ndarray.NDArray;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.ScratchMemory;
import dev.temper.kernel.TensorKernels;
import dev.temper.kernel.Workspace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** Inputs of layers that wait on files for the backward pass; a file for each layer, as large as its largest input. */
final class LayerInputs {
    private final ScratchMemory memory;
    private final TensorKernels kernels;
    private final FloatType type;
    private final Map<Integer, NDArray> files = new HashMap<>();

    /** @param type of the inputs */
    LayerInputs(Workspace workspace, ScratchMemory memory, FloatType type) {
        this.memory = memory;
        this.kernels = workspace.tensors();
        this.type = type;
    }

    /** A copy that holds until the next one of the same layer. */
    NDArray store(int layer, NDArray x) {
        NDArray file = files.get(layer);
        if (file == null || file.size() < x.size()) {
            file = larger(layer, x.size());
        }
        NDArray copy = Workspace.view(Workspace.slice(file, 0, x.size()), x.getShape());
        kernels.copy(x, copy);
        return copy;
    }

    private NDArray larger(int layer, long count) {
        if (files.containsKey(layer)) {
            files.remove(layer).close();
        }
        try {
            NDArray file = memory.zeros(count, type);
            files.put(layer, file);
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException(
                    String.format(
                            Locale.ROOT,
                            "training.activation_offloading: no room for %,d bytes of a layer's input (%s); set"
                                    + " cluster.local_dir to a folder with more room",
                            count * type.bytes(),
                            e.getMessage()),
                    e);
        }
    }
}
