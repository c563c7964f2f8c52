package dev.temper.model;

import ai.djl.ndarray.NDArray;
import dev.temper.kernel.Workspace;
import dev.temper.quant.Nf4Tensor;
import dev.temper.quant.Quantization;
import dev.temper.quant.Weights;
import dev.temper.safetensors.TensorFiles;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * A model on disk whose weights are those of its architecture, except for a new head.
 *
 * @param quantization how frozen projections shall be kept that are not quantized already; empty: as they are
 */
public record StoredModel(
        Architecture architecture, TensorFiles files, NewHead newHead, Optional<Quantization> quantization) {
    /**
     * Reads config.json and the headers of the weights.
     *
     * @param seed of the head, where the task needs another than the base has
     * @throws dev.temper.check.InvalidInputException when they are missing, damaged or do not belong together
     */
    public static StoredModel read(Path path, Task task, long seed) throws IOException {
        Folder folder = Folder.local(path);
        Architecture architecture = Architecture.read(folder, task);
        TensorFiles files = TensorFiles.open(path, "model");
        NewHead newHead = NewHead.of(architecture, folder, files.index(), seed);
        ModelWeights.verify(architecture, files.index(), path.toString(), newHead);
        return new StoredModel(architecture, files, newHead, Optional.empty());
    }

    /** Its projections are quantized while they are read: the model is never in memory in full precision. */
    public StoredModel quantized(Optional<Quantization> by) {
        return new StoredModel(architecture, files, newHead, by);
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
        return Network.load(workspace, architecture, files, newHead, trained);
    }

    /** The codes of a parameter, as they were saved, or of its weights; empty for what stays dense. */
    Optional<Nf4Tensor> quantized(Workspace workspace, Parameter parameter, Predicate<Parameter> isTrained)
            throws IOException {
        if (newHead.has(parameter)) {
            return Optional.empty();
        }
        String name =
                ModelWeights.find(files.index(), parameter.name()).orElseThrow().name();
        if (Nf4Tensor.isIn(files, name)) {
            Nf4Tensor saved = Nf4Tensor.read(workspace, files, name);
            ModelWeights.checkShape(parameter, saved, name);
            return Optional.of(saved);
        }
        if (quantization.isEmpty() || !parameter.isProjection() || isTrained.test(parameter)) {
            return Optional.empty();
        }
        Weights weights = Weights.of(files, name);
        return Optional.of(
                quantization.get().quantize(workspace, parameter.isTransposed() ? weights.transposed() : weights));
    }

    NDArray dense(Workspace workspace, Parameter parameter) throws IOException {
        return newHead.has(parameter)
                ? workspace.floats(newHead.values(parameter), parameter.shape())
                : ModelWeights.read(workspace, files, parameter.name());
    }
}
