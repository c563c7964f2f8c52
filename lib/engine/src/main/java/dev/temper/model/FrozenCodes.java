package dev.temper.model;

import dev.temper.kernel.Workspace;
import dev.temper.quant.Nf4Tensor;
import dev.temper.quant.SharedCodes;
import dev.temper.quant.Weights;
import dev.temper.safetensors.TensorFiles;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** The codes of a model's frozen projections: as they were saved, from those of this machine, or made in memory. */
final class FrozenCodes {
    private final StoredModel model;
    private final Predicate<Parameter> isTrained;
    private final boolean isSavedQuantized;
    private final Optional<TensorFiles> shared;

    private FrozenCodes(StoredModel model, Predicate<Parameter> isTrained) {
        this.model = model;
        this.isTrained = isTrained;
        this.isSavedQuantized = model.architecture().parameters().stream().anyMatch(this::isSaved);
        this.shared = model.shared().flatMap(this::open);
    }

    /**
     * Makes those that workers share if no worker has done it.
     *
     * @throws dev.temper.check.InvalidInputException naming the tensor, when one holds NaN or infinity
     */
    static FrozenCodes of(StoredModel model, Predicate<Parameter> isTrained) {
        return new FrozenCodes(model, isTrained);
    }

    private Optional<TensorFiles> open(SharedCodes codes) {
        List<SharedCodes.Matrix> matrices = model.architecture().parameters().stream()
                .filter(this::isQuantizedHere)
                .map(parameter -> new SharedCodes.Matrix(name(parameter), parameter.isTransposed()))
                .toList();
        return matrices.isEmpty()
                ? Optional.empty()
                : codes.open(new SharedCodes.Source(model.quantization().orElseThrow(), model.files(), matrices));
    }

    /** Of a parameter; empty for one that stays dense. */
    Optional<Nf4Tensor> of(Workspace workspace, Parameter parameter) throws IOException {
        if (isQuantizedHere(parameter)) {
            return Optional.of(
                    shared.isPresent() ? read(workspace, shared.get(), parameter) : quantize(workspace, parameter));
        }
        return parameter.isProjection() && isSaved(parameter)
                ? Optional.of(read(workspace, model.files(), parameter))
                : Optional.empty();
    }

    private Nf4Tensor read(Workspace workspace, TensorFiles from, Parameter parameter) throws IOException {
        Nf4Tensor saved = Nf4Tensor.read(workspace, from, name(parameter));
        ModelWeights.checkShape(parameter, saved, name(parameter));
        return saved;
    }

    private Nf4Tensor quantize(Workspace workspace, Parameter parameter) throws IOException {
        Weights weights = Weights.of(model.files(), name(parameter));
        return model.quantization()
                .orElseThrow()
                .quantize(workspace, parameter.isTransposed() ? weights.transposed() : weights);
    }

    /** What a base that was saved quantized has dense was left out on purpose, as llm_int8_skip_modules. */
    private boolean isQuantizedHere(Parameter parameter) {
        return model.quantization().isPresent()
                && !isSavedQuantized
                && parameter.isProjection()
                && !model.quantization().get().skips(parameter.module())
                && !model.newHead().has(parameter)
                && !isTrained.test(parameter);
    }

    private boolean isSaved(Parameter parameter) {
        return !model.newHead().has(parameter) && Nf4Tensor.isIn(model.files(), name(parameter));
    }

    private String name(Parameter parameter) {
        return model.tensor(parameter).orElseThrow().name();
    }
}
