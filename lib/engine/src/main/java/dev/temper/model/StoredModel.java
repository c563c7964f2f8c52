package dev.temper.model;

import ai.djl.ndarray.NDArray;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.quant.Nf4Tensor;
import dev.temper.quant.Quantization;
import dev.temper.quant.SharedCodes;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorInfo;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * A model on disk whose weights are those of its architecture, except for a new head.
 *
 * @param saved the architecture of the files; another one where an adapter unties the output head or adds tokens
 * @param quantization how frozen projections are quantized that are not so already; empty: they are not
 * @param precision the type that its layers shall compute in
 * @param shared where the workers of this machine share what they quantize; empty: each quantizes into its own memory
 */
public record StoredModel(
        Architecture architecture,
        Architecture saved,
        TensorFiles files,
        NewHead newHead,
        Optional<Quantization> quantization,
        FloatType precision,
        Optional<SharedCodes> shared) {
    /** A model as it is, that computes in float32. */
    public StoredModel(Architecture architecture, TensorFiles files, NewHead newHead) {
        this(architecture, architecture, files, newHead, Optional.empty(), FloatType.FLOAT32, Optional.empty());
    }

    /**
     * Reads config.json and the headers of the weights.
     *
     * @param seed of the head, where the task needs another than the base has
     * @throws dev.temper.check.InvalidInputException when they are missing, damaged or do not belong together
     */
    public static StoredModel read(Path path, ModelTask task, long seed) throws IOException {
        Folder folder = Folder.local(path);
        Architecture architecture = Architecture.read(folder, task);
        TensorFiles files = ModelWeights.open(path);
        NewHead newHead = NewHead.of(architecture, folder, files.index(), seed);
        ModelWeights.verify(architecture, files.index(), path.toString(), newHead);
        return new StoredModel(architecture, files, newHead);
    }

    /** The same for the task that the model was saved for. */
    public static StoredModel read(Path path) throws IOException {
        return read(path, ModelTask.of(Folder.local(path)), 0);
    }

    /** Its projections are quantized while they are read: the model is never in memory in full precision. */
    public StoredModel quantized(Optional<Quantization> by) {
        return new StoredModel(architecture, saved, files, newHead, by, precision, shared);
    }

    /** Its layers compute in this type. */
    public StoredModel in(FloatType type) {
        return new StoredModel(architecture, saved, files, newHead, quantization, type, shared);
    }

    /** What is quantized lies on disk, once for all workers of this machine. */
    public StoredModel sharing(SharedCodes codes) {
        return new StoredModel(architecture, saved, files, newHead, quantization, precision, Optional.of(codes));
    }

    /** With an output head of its own, or another number of tokens, whose rows something else will bring. */
    public StoredModel as(Architecture changed) {
        return new StoredModel(changed, saved, files, newHead, quantization, precision, shared);
    }

    /** With rows for so many tokens; see {@link AddedRows}. */
    public StoredModel withVocabulary(int tokens) {
        return tokens > architecture.sizes().vocabulary() ? as(architecture.withVocabulary(tokens)) : this;
    }

    /** The tensor of a parameter; empty for a new one. An output head that was untied starts as the embedding. */
    Optional<TensorInfo> tensor(Parameter parameter) {
        return newHead.has(parameter)
                ? Optional.empty()
                : ModelWeights.find(files.index(), saved.source(parameter).name());
    }

    /** What the files hold of a parameter, by their headers. */
    StoredTensor stored(Parameter parameter) {
        Optional<TensorInfo> tensor = tensor(parameter);
        if (tensor.isEmpty()) {
            return StoredTensor.NOTHING;
        }
        if (Nf4Tensor.isIn(files, tensor.get().name())) {
            return StoredTensor.CODES;
        }
        StoredTensor dense = StoredTensor.dense(parameter, saved.source(parameter), ModelWeights.type(tensor.get()));
        boolean isUnaligned = dense.form() == StoredTensor.Form.DENSE && !ModelWeights.isAligned(tensor.get());
        return isUnaligned ? new StoredTensor(StoredTensor.Form.UNALIGNED, dense.type()) : dense;
    }

    /** Whether a parameter has more rows than its tensor. */
    boolean isGrown(Parameter parameter) {
        return stored(parameter).form() == StoredTensor.Form.FIRST_ROWS;
    }

    /**
     * Where its parameters live.
     *
     * @param isBrought which of them are trained whole beside an adapter, or brought by it, and so are not quantized
     */
    WeightPlacement placement(Predicate<Parameter> isBrought) {
        return new WeightPlacement(
                architecture,
                this::stored,
                quantization,
                TrainedWeights.whole(isBrought),
                new WeightPlacement.Types(precision, FloatType.FLOAT32));
    }

    /** All weights frozen. */
    public Network load(Workspace workspace) throws IOException {
        return load(workspace, parameter -> false);
    }

    /**
     * All weights frozen at first.
     *
     * @param isBrought which of them are trained whole beside an adapter, or brought by it, and so are not quantized
     * @throws dev.temper.check.InvalidInputException when one of these was saved quantized
     */
    public Network load(Workspace workspace, Predicate<Parameter> isBrought) throws IOException {
        ModelWeights.checkTrainable(architecture, files.index(), isBrought);
        return Network.load(workspace, this, isBrought);
    }

    /**
     * All weights trained, copied into {@code trained}, which has a place for each.
     *
     * @throws dev.temper.check.InvalidInputException when one of them was saved quantized
     */
    public Network load(Workspace workspace, TrainedParameters trained) throws IOException {
        ModelWeights.checkTrainable(architecture, files.index(), parameter -> true);
        return Network.load(workspace, this, trained);
    }

    /**
     * A parameter that is not in codes where it shall be; a head that was saved so becomes dense again.
     *
     * @param placement as {@link WeightPlacement#frozen} says
     */
    NDArray dense(Workspace workspace, Parameter parameter, Placement placement) throws IOException {
        FloatType type = placement.type();
        if (placement.place() == Placement.Place.MAPPED) {
            return ModelWeights.mapped(workspace, files, saved.source(parameter).name());
        }
        if (newHead.has(parameter)) {
            NDArray values = workspace.floats(newHead.values(parameter), parameter.shape());
            return workspace.tensors().cast(values, type);
        }
        return switch (stored(parameter).form()) {
            case NOTHING -> workspace.zeros(parameter.shape()); // until what it was made for is put in its place
            case FIRST_ROWS -> {
                NDArray grown = workspace.empty(parameter.shape(), type);
                AddedRows.read(workspace, files, tensor(parameter).orElseThrow(), grown, type);
                yield grown;
            }
            case CODES -> Workspace.scoped(() -> Workspace.keep(dequantized(workspace, parameter, type)));
            case DENSE, UNALIGNED -> {
                NDArray tensor = ModelWeights.mapped(
                        workspace, files, saved.source(parameter).name());
                yield workspace.tensors().cast(tensor, type);
            }
        };
    }

    /** A frozen matrix that stays on the pages of its file, where rows of it can be written. */
    NDArray writable(Workspace workspace, Parameter parameter) throws IOException {
        return ModelWeights.writable(workspace, files, saved.source(parameter).name());
    }

    private NDArray dequantized(Workspace workspace, Parameter parameter, FloatType type) throws IOException {
        try (StoredValues values = StoredValues.open(workspace, this)) {
            return workspace.tensors().cast(values.values(parameter), type);
        }
    }
}
