package dev.temper.train.optim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.temper.kernel.Workspace;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorWriter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The arrays of an optimizer's state, with their names in a checkpoint. Large arrays are split into pieces that fit
 * into a buffer.
 */
final class StateArrays {
    private static final long MAX_PIECE = 1L << 28; // elements; a buffer has at most 2 GiB

    private final Map<String, NDArray> pieces = new LinkedHashMap<>();

    /** Adds float32 or uint8 arrays; the names are numbered. */
    void add(String name, List<NDArray> arrays) {
        for (int i = 0; i < arrays.size(); i++) {
            NDArray flat = Workspace.view(arrays.get(i), new Shape(arrays.get(i).size()));
            for (long from = 0; from < flat.size(); from += MAX_PIECE) {
                long to = Math.min(flat.size(), from + MAX_PIECE);
                pieces.put(name + "." + i + "." + from, Workspace.slice(flat, from, to));
            }
        }
    }

    void addAll(StateArrays others) {
        pieces.putAll(others.pieces);
    }

    List<TensorWriter.Tensor> tensors() {
        List<TensorWriter.Tensor> tensors = new ArrayList<>();
        pieces.forEach((name, piece) -> tensors.add(new TensorWriter.Tensor(
                name,
                piece.getDataType() == DataType.UINT8 ? "U8" : "F32",
                new long[] {piece.size()},
                () -> Workspace.memory(piece))));
        return tensors;
    }

    void restore(TensorFiles files) throws IOException {
        for (Map.Entry<String, NDArray> piece : pieces.entrySet()) {
            files.read(piece.getKey(), Workspace.memory(piece.getValue()));
        }
    }
}
