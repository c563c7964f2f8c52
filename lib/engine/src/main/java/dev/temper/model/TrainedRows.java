package dev.temper.model;

import ai.djl.ndarray.NDArray;
import java.util.Map;

/**
 * Rows of an embedding or an output head that are trained while the others are frozen. They stand in the matrix itself,
 * so no program knows about them; their gradients are computed by hand.
 *
 * @param ids (K) int64
 * @param places (V) int64: a token's place among the ids; -1 where looking it up teaches it nothing
 * @param gradient (K, D), where it is summed
 * @param originals (K, D), what the base had there
 */
public record TrainedRows(NDArray ids, NDArray places, NDArray gradient, NDArray originals) {
    /** What {@code embed_backward} takes for an embedding of this key. */
    Map<String, NDArray> entries(String key) {
        return Map.of(key + ".rows", gradient, key + ".places", places);
    }
}
