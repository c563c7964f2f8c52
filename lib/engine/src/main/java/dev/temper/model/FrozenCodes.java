package dev.temper.model;

import dev.temper.kernel.Workspace;
import dev.temper.quant.Nf4Tensor;
import dev.temper.quant.SharedCodes;
import dev.temper.quant.Weights;
import dev.temper.safetensors.TensorFiles;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** The codes of a model's frozen projections: as they were saved, from those of this machine, or made in memory. */
final class FrozenCodes {
    private final StoredModel model;
    private final WeightPlacement placement;
    private final Optional<TensorFiles> shared;

    private FrozenCodes(StoredModel model, WeightPlacement placement) {
        this.model = model;
        this.placement = placement;
        this.shared = model.shared().flatMap(this::open);
    }

    /**
     * Makes those that workers share if no worker has done it.
     *
     * @throws dev.temper.check.InvalidInputException naming the tensor, when one holds NaN or infinity
     */
    static FrozenCodes of(StoredModel model, WeightPlacement placement) {
        return new FrozenCodes(model, placement);
    }

    private Optional<TensorFiles> open(SharedCodes codes) {
        List<SharedCodes.Matrix> matrices = model.architecture().parameters().stream()
                .filter(placement::isQuantizedNow)
                .map(parameter -> new SharedCodes.Matrix(name(parameter), parameter.isTransposed()))
                .toList();
        return matrices.isEmpty()
                ? Optional.empty()
                : codes.open(new SharedCodes.Source(model.quantization().orElseThrow(), model.files(), matrices));
    }

    /** Of a parameter whose place is among them. */
    Nf4Tensor of(Workspace workspace, Parameter parameter) throws IOException {
        if (!placement.isQuantizedNow(parameter)) {
            return read(workspace, model.files(), parameter);
        }
        return shared.isPresent() ? read(workspace, shared.get(), parameter) : quantize(workspace, parameter);
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

    private String name(Parameter parameter) {
        return model.tensor(parameter).orElseThrow().name();
    }
}
