package dev.temper.model;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.temper.check.InvalidInputException;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.quant.Nf4Tensor;
import dev.temper.quant.Quantization;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorIndex;
import dev.temper.safetensors.TensorInfo;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Weights of a folder against what its architecture expects, and as arrays. */
public final class ModelWeights {
    /** Buffers that files carry although they follow from config.json: frequencies of positions, and positions. */
    private static final String BUFFERS = "(.*[._])?(inv_freq|position_ids|cos_cached|sin_cached)";

    private static final String FILE = "model";

    private ModelWeights() {}

    /** The headers of a model folder's weights; of a model for texts and pictures those of its language model. */
    public static TensorIndex index(Folder folder) throws IOException {
        return TensorIndex.read(folder, FILE).renamed(LanguageModel::tensor);
    }

    /** As {@link #index}, with the values. */
    public static TensorFiles open(Path folder) throws IOException {
        return TensorFiles.open(folder, FILE).renamed(LanguageModel::tensor);
    }

    /**
     * Compares names, shapes and types with the headers alone.
     *
     * @throws dev.temper.check.InvalidInputException naming the first tensor that is missing, of another shape or type,
     *     or unknown
     */
    public static void verify(Architecture architecture, TensorIndex index, String location) {
        verify(architecture, index, location, NewHead.none());
    }

    /** As {@link #verify(Architecture, TensorIndex, String)}, without a look at what is new. */
    public static void verify(Architecture architecture, TensorIndex index, String location, NewHead newHead) {
        TreeSet<String> unknown = new TreeSet<>(index.names());
        for (Parameter parameter : architecture.parameters()) {
            Optional<TensorInfo> tensor = find(index, parameter.name());
            if (tensor.isEmpty()) {
                aliases(parameter.name()).forEach(index::checkNotLost);
            }
            tensor.ifPresent(found -> unknown.removeAll(Nf4Tensor.names(index, found.name())));
            if (tensor.isPresent() && Nf4Tensor.isIn(index, tensor.get().name())) {
                checkQuantized(parameter, tensor.get(), location);
            } else if (!newHead.has(parameter)) {
                checkTensor(parameter, tensor.orElseThrow(() -> missing(architecture, parameter, location)), location);
            }
        }
        String first = architecture.parameters().get(0).name();
        String prefix = first.substring(0, first.indexOf('.') + 1);
        unknown.removeIf(name -> name.matches(BUFFERS)
                || architecture.ignored().stream()
                        .anyMatch(pattern -> name.matches(pattern) || (prefix + name).matches(pattern)));
        check(
                unknown.isEmpty(),
                "%s: the weights hold %s, which a %s model with this config.json does not have",
                location,
                unknown.isEmpty() ? "" : unknown.first(),
                architecture.modelType());
    }

    private static InvalidInputException missing(Architecture architecture, Parameter parameter, String location) {
        boolean isHead = architecture
                .classifier()
                .filter(classifier -> classifier.owns(parameter))
                .isPresent();
        return invalid(
                isHead
                        ? "%s: the weights have no head that classifies: the tensor %s is missing; train one first"
                        : "%s: the tensor %s is missing from the weights",
                location,
                parameter.name());
    }

    /**
     * A tensor by its name; or by the name that it has in a model saved without its head, which lacks the first part;
     * or, of a norm in the first releases of BERT, with gamma and beta for weight and bias.
     */
    static Optional<TensorInfo> find(TensorIndex index, String name) {
        return aliases(name).map(index::find).flatMap(Optional::stream).findFirst();
    }

    private static Stream<String> aliases(String name) {
        String old = name.replaceFirst("LayerNorm\\.weight$", "LayerNorm.gamma")
                .replaceFirst("LayerNorm\\.bias$", "LayerNorm.beta");
        return Stream.of(name, bare(name), old, bare(old));
    }

    private static String bare(String name) {
        return name.substring(name.indexOf('.') + 1);
    }

    private static void checkQuantized(Parameter parameter, TensorInfo tensor, String location) {
        check(
                parameter.isProjection() || parameter.kind() == Parameter.Kind.HEAD,
                "%s: the tensor %s is quantized; only projections of layers and heads are read quantized",
                location,
                tensor.name());
        long bytes = (parameter.shape().size() + 1) / 2;
        check(
                tensor.bytes() == bytes, // under which type they were put away, bnb_4bit_quant_storage, does not matter
                "%s: the codes %s have %d bytes, config.json makes it %d",
                location,
                tensor.name(),
                tensor.bytes(),
                bytes);
    }

    /** @throws dev.temper.check.InvalidInputException when the codes are of another matrix than config.json says */
    static void checkShape(Parameter parameter, Nf4Tensor saved, String name) {
        Shape expected =
                parameter.isProjection() ? new Shape(parameter.outputs(), parameter.inputs()) : parameter.shape();
        check(
                saved.shape().equals(expected),
                "the tensor %s was quantized with the shape %s, config.json makes it %s",
                name,
                saved.shape(),
                expected);
    }

    /** @throws dev.temper.check.InvalidInputException when something is to be trained of which there are only codes */
    public static void checkTrainable(Architecture architecture, TensorIndex index, Predicate<Parameter> isTrained) {
        for (Parameter parameter : architecture.parameters()) {
            Optional<TensorInfo> tensor = find(index, parameter.name());
            check(
                    tensor.isEmpty()
                            || !isTrained.test(parameter)
                            || !Nf4Tensor.isIn(index, tensor.get().name()),
                    "the tensor %s was saved in 4 bits and cannot be trained: train an adapter without it, or name a"
                            + " base in full precision",
                    parameter.name());
        }
    }

    /**
     * How the projections of a folder were quantized when they were saved, by its config.json.
     *
     * @throws dev.temper.check.InvalidInputException when that is no way that we read
     */
    public static Optional<Quantization> quantization(Folder folder) throws IOException {
        return ConfigFields.read(folder).quantization();
    }

    /** The type that a folder's dense weights were saved in, by its config.json; float32 where it does not say. */
    public static FloatType type(Folder folder) throws IOException {
        ConfigFields config = ConfigFields.read(folder);
        String name = config.text("dtype", config.text("torch_dtype", "float32"));
        return switch (name.replace("torch.", "")) {
            case "bfloat16" -> FloatType.BFLOAT16;
            case "float16" -> FloatType.FLOAT16;
            default -> FloatType.FLOAT32;
        };
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
                FloatType.of(tensor.dtype()).isPresent(),
                "%s: the tensor %s is %s, which is not supported; only F64, F32, F16 and BF16 are read",
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
        TensorInfo tensor = info(files, name);
        if (type(tensor) == FloatType.FLOAT32) {
            return mapped(workspace, files, name);
        }
        return workspace.tensors().cast(mapped(workspace, files, name), FloatType.FLOAT32);
    }

    /**
     * A tensor in the type of its file, memory-mapped; copied where its place in the file allows no mapping.
     *
     * @throws dev.temper.check.InvalidInputException when there is none of that name
     */
    static NDArray mapped(Workspace workspace, TensorFiles files, String name) throws IOException {
        TensorInfo tensor = info(files, name);
        return isAligned(tensor)
                ? workspace.mapped(files.path(tensor), tensor.offset(), type(tensor), new Shape(tensor.shape()))
                : copied(workspace, files, tensor);
    }

    /** As {@link #mapped}, and it may be written to: no other array sees that, nor does the file. */
    static NDArray writable(Workspace workspace, TensorFiles files, String name) throws IOException {
        TensorInfo tensor = info(files, name);
        return isAligned(tensor)
                ? workspace.writable(files.path(tensor), tensor.offset(), type(tensor), new Shape(tensor.shape()))
                : copied(workspace, files, tensor);
    }

    static boolean isAligned(TensorInfo tensor) {
        return tensor.offset() % type(tensor).bytes() == 0;
    }

    private static NDArray copied(Workspace workspace, TensorFiles files, TensorInfo tensor) throws IOException {
        Shape shape = new Shape(tensor.shape());
        FloatType type = type(tensor);
        NDArray copy = workspace.empty(shape, type); // the file's writer did not align its tensors
        files.read(tensor.name(), Workspace.memory(copy));
        return copy;
    }

    /** The type of a tensor in its file. */
    static FloatType type(TensorInfo tensor) {
        return FloatType.of(tensor.dtype()).orElseThrow();
    }

    private static TensorInfo info(TensorFiles files, String name) {
        return find(files.index(), name).orElseThrow(() -> invalid("the tensor %s is missing from the weights", name));
    }

    /**
     * Reads a tensor into {@code weight}, converting it. The pages of a mapped file would stay resident: as much memory
     * again as the weights.
     *
     * @param type of {@code weight}
     * @throws dev.temper.check.InvalidInputException when there is none of that name
     */
    static void read(Workspace workspace, TensorFiles files, String name, NDArray weight, FloatType type)
            throws IOException {
        TensorInfo tensor = info(files, name);
        if (type(tensor) == type) {
            files.read(tensor.name(), Workspace.memory(weight));
            return;
        }
        Workspace.scoped(() -> {
            NDArray stored = workspace.empty(new Shape(tensor.shape()), type(tensor));
            files.read(tensor.name(), Workspace.memory(stored));
            workspace.tensors().copy(stored, weight);
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
