package dev.temper.model;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.temper.kernel.Workspace;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorIndex;
import dev.temper.safetensors.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/** Weights of a folder against what its architecture expects, and as arrays. */
public final class ModelWeights {
    private static final Map<String, Integer> LIBTORCH_16_BIT = Map.of("F16", 5, "BF16", 15);

    private ModelWeights() {}

    /**
     * Compares names, shapes and types with the headers alone.
     *
     * @throws dev.temper.check.InvalidInputException naming the first tensor that is missing, of another shape or type,
     *     or unknown
     */
    public static void verify(Architecture architecture, TensorIndex index, String location) {
        TreeSet<String> unknown = new TreeSet<>(index.names());
        for (Parameter parameter : architecture.parameters()) {
            String name = parameter.name();
            TensorInfo tensor = find(index, name)
                    .orElseThrow(() -> invalid("%s: the tensor %s is missing from the weights", location, name));
            checkTensor(parameter, tensor, location);
            unknown.remove(tensor.name());
        }
        String first = architecture.parameters().get(0).name();
        String prefix = first.substring(0, first.indexOf('.') + 1);
        unknown.removeIf(name -> architecture.ignored().stream()
                .anyMatch(pattern -> name.matches(pattern) || (prefix + name).matches(pattern)));
        check(
                unknown.isEmpty(),
                "%s: the weights hold %s, which a %s model with this config.json does not have",
                location,
                unknown.isEmpty() ? "" : unknown.first(),
                architecture.modelType());
    }

    /**
     * A tensor by its name; or by the name that it has in a model saved without its head, which lacks the first part.
     */
    private static Optional<TensorInfo> find(TensorIndex index, String name) {
        return index.find(name).or(() -> index.find(name.substring(name.indexOf('.') + 1)));
    }

    private static void checkTensor(Parameter parameter, TensorInfo tensor, String location) {
        check(
                parameter.shape().equals(new Shape(tensor.shape())),
                "%s: the tensor %s has the shape %s, config.json makes it %s",
                location,
                tensor.name(),
                new Shape(tensor.shape()),
                parameter.shape());
        checkType(tensor, location);
    }

    /** @throws dev.temper.check.InvalidInputException when the tensor is of a type that {@link #read} does not read */
    public static void checkType(TensorInfo tensor, String location) {
        check(
                tensor.dtype().equals("F32") || LIBTORCH_16_BIT.containsKey(tensor.dtype()),
                "%s: the tensor %s is %s; only F32, F16 and BF16 are read",
                location,
                tensor.name(),
                tensor.dtype());
    }

    /**
     * A tensor as float32: memory-mapped without a copy when the file holds float32 already.
     *
     * @throws dev.temper.check.InvalidInputException when there is none of that name
     */
    public static NDArray read(Workspace workspace, TensorFiles files, String name) throws IOException {
        TensorInfo tensor =
                find(files.index(), name).orElseThrow(() -> invalid("the tensor %s is missing from the weights", name));
        ByteBuffer bytes = files.bytes(tensor.name());
        Optional<Integer> half = Optional.ofNullable(LIBTORCH_16_BIT.get(tensor.dtype()));
        if (half.isEmpty()) {
            return workspace.on(bytes, DataType.FLOAT32, new Shape(tensor.shape()));
        }
        NDArray raw = workspace.on(bytes, DataType.UINT8, new Shape(tensor.bytes()));
        try (raw) {
            return workspace.training().toFloat32(raw, half.get()).reshape(new Shape(tensor.shape()));
        }
    }

    /**
     * Reads a tensor into {@code weight}. A mapped file would stay resident until the collector sees its buffers: as
     * much memory again as the weights.
     *
     * @throws dev.temper.check.InvalidInputException when there is none of that name
     */
    static void read(Workspace workspace, TensorFiles files, String name, NDArray weight) throws IOException {
        Optional<TensorInfo> tensor = find(files.index(), name);
        if (tensor.isPresent() && tensor.get().dtype().equals("F32")) {
            files.read(tensor.get().name(), Workspace.memory(weight));
            return;
        }
        Workspace.scoped(() -> {
            workspace.training().copy(read(workspace, files, name), weight);
            return null;
        });
    }

    /** Specs of all parameters, for full fine-tuning. */
    public static List<TrainedParameters.Spec> specs(Architecture architecture) {
        return architecture.parameters().stream()
                .map(p -> new TrainedParameters.Spec(p.name(), p.shape(), p.layer(), p.isDecayed()))
                .toList();
    }
}
