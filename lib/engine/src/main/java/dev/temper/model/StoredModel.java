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
 * @param quantization how frozen projections shall be kept that are not quantized already; empty: as they are
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
                : ModelWeights.find(files.index(), source(parameter).name());
    }

    private Parameter source(Parameter parameter) {
        return saved.parameters().stream()
                .filter(other -> other.name().equals(parameter.name()))
                .findFirst()
                .orElseGet(saved::tokenEmbedding);
    }

    /** Whether a parameter has more rows than its tensor. */
    boolean isGrown(Parameter parameter) {
        return !newHead.has(parameter)
                && parameter.shape().get(0) > source(parameter).shape().get(0);
    }

    /** All weights frozen. */
    public Network load(Workspace workspace) throws IOException {
        return load(workspace, parameter -> false);
    }

    /**
     * All weights frozen at first.
     *
     * @param isTrained which of them are trained whole beside an adapter, and so are not quantized
     * @throws dev.temper.check.InvalidInputException when one of these was saved quantized
     */
    public Network load(Workspace workspace, Predicate<Parameter> isTrained) throws IOException {
        ModelWeights.checkTrainable(architecture, files.index(), isTrained);
        return Network.load(workspace, this, isTrained);
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
     * A parameter that is not kept quantized; a head that was saved so becomes dense again. Norms and biases are
     * float32. A matrix stays on the pages of its file if it can be used from there: in the type that is computed in,
     * or in 16 bits for float32, which is brought to it piece by piece. The other way round that would cost more than
     * the product.
     */
    NDArray dense(Workspace workspace, Parameter parameter) throws IOException {
        FloatType wanted = parameter.shape().dimension() > 1 ? precision : FloatType.FLOAT32;
        if (newHead.has(parameter)) {
            NDArray values = workspace.floats(newHead.values(parameter), parameter.shape());
            return wanted == FloatType.FLOAT32 ? values : workspace.training().cast(values, wanted);
        }
        if (isGrown(parameter)) {
            FloatType kept = kept(parameter);
            NDArray grown = workspace.empty(parameter.shape(), kept);
            AddedRows.read(workspace, files, tensor(parameter).orElseThrow(), grown, kept);
            return grown;
        }
        Parameter source = source(parameter);
        if (!source.shape().equals(parameter.shape())) {
            return workspace.zeros(parameter.shape()); // until what it was made for is put in its place
        }
        if (Nf4Tensor.isIn(files, tensor(parameter).orElseThrow().name())) {
            return Workspace.scoped(() -> Workspace.keep(dequantized(workspace, parameter, wanted)));
        }
        NDArray mapped = ModelWeights.mapped(workspace, files, source.name());
        boolean staysMapped = type(parameter) == wanted || isConverted(parameter);
        return staysMapped ? mapped : workspace.training().cast(mapped, wanted);
    }

    /**
     * The same matrix where rows of it can be written: pages of the file that are written to become the process's own.
     * Of 16 bits that are computed with in float32, a copy in float32: what is trained is not to be rounded.
     *
     * @param dense as {@link #dense} gave it
     */
    NDArray writable(Workspace workspace, Parameter parameter, NDArray dense) throws IOException {
        boolean isOwn = newHead.has(parameter) || isGrown(parameter);
        if (!isOwn && type(parameter) == precision) {
            return ModelWeights.writable(workspace, files, source(parameter).name());
        }
        return workspace.training().cast(dense, precision);
    }

    private NDArray dequantized(Workspace workspace, Parameter parameter, FloatType wanted) throws IOException {
        try (StoredValues values = StoredValues.open(workspace, this)) {
            NDArray matrix = values.values(parameter);
            return wanted == FloatType.FLOAT32 ? matrix : workspace.training().cast(matrix, wanted);
        }
    }

    /** The type that a frozen matrix is kept in. */
    FloatType kept(Parameter parameter) {
        return isConverted(parameter) ? type(parameter) : precision;
    }

    /** Whether a matrix lies in its file in 16 bits, and becomes float32 whenever it is used. */
    boolean isConverted(Parameter parameter) {
        return parameter.shape().dimension() > 1
                && precision == FloatType.FLOAT32
                && !newHead.has(parameter)
                && type(parameter).bytes() < Float.BYTES;
    }

    private FloatType type(Parameter parameter) {
        return ModelWeights.type(files, source(parameter).name());
    }
}
