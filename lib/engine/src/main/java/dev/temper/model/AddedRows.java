package dev.temper.model;

import static dev.temper.check.Check.check;

import ai.djl.ndarray.NDArray;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.quant.Nf4Tensor;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorIndex;
import dev.temper.safetensors.TensorInfo;
import java.io.IOException;
import java.util.Optional;

/**
 * Rows of an embedding or an output head for tokens that a base does not have. Each starts as the mean of the base's
 * own rows, as {@code resize_token_embeddings} of transformers starts it; that adds noise of 3e-5 times the rows'
 * deviation, from a generator that no seed of a recipe can repeat, and leaves it out where rows are fewer than columns.
 */
public final class AddedRows {
    private AddedRows() {}

    /** @throws dev.temper.check.InvalidInputException when the base holds only codes of what is to get rows */
    public static void verify(Architecture architecture, TensorIndex index) {
        for (Parameter parameter : architecture.parameters()) {
            Optional<TensorInfo> tensor = ModelWeights.find(index, parameter.name());
            check(
                    tensor.isEmpty()
                            || !architecture.hasRowPerToken(parameter)
                            || !Nf4Tensor.isIn(index, tensor.get().name()),
                    "model.add_tokens: the tensor %s was saved in 4 bits, and gets no rows for more tokens: name a base"
                            + " whose output head is not quantized",
                    parameter.name());
        }
    }

    /**
     * Reads a tensor into the first rows of {@code matrix}, and fills the others.
     *
     * @param type of {@code matrix}
     */
    static void read(Workspace workspace, TensorFiles files, TensorInfo tensor, NDArray matrix, FloatType type)
            throws IOException {
        long stored = tensor.shape()[0];
        ModelWeights.read(workspace, files, tensor.name(), Workspace.slice(matrix, 0, stored), type);
        workspace.tensors().fillRows(matrix, stored);
    }
}
