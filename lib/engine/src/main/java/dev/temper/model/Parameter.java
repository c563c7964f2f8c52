package dev.temper.model;

import ai.djl.ndarray.types.Shape;
import java.util.OptionalInt;

/**
 * One weight of a model.
 *
 * @param name as in transformers' model, such as {@code model.layers.0.self_attn.q_proj.weight}
 * @param layer its layer, or {@link #SHARED} for what lies outside the layers
 * @param key its name in the layer's dictionary, such as {@code q_proj} or {@code q_proj.bias}
 * @param padding of an embedding, the row that looking it up gives no gradient
 */
public record Parameter(String name, Shape shape, int layer, String key, Kind kind, OptionalInt padding) {
    public static final int SHARED = -1;

    public Parameter(String name, Shape shape, int layer, String key, Kind kind) {
        this(name, shape, layer, key, kind, OptionalInt.empty());
    }

    /** What a parameter is, for adapters and weight decay. */
    public enum Kind {
        EMBEDDING,
        /** A linear map inside a layer, {@code (O, I)}. */
        LINEAR,
        /** A linear map inside a layer that is stored the other way round, {@code (I, O)}. */
        CONV1D,
        /**
         * An output head: the map to the vocabulary, {@code (V, D)}, when it is not the embedding itself; or a map of a
         * {@link Classifier}.
         */
        HEAD,
        NORM,
        BIAS
    }

    /** The map to the vocabulary, (V, D), where it is not the token embedding. */
    public static Parameter head(Shape shape) {
        return new Parameter("lm_head.weight", shape, SHARED, "lm_head", Kind.HEAD);
    }

    /** The head of {@link ConfigFields#scoreHead}. */
    public static Parameter score(ModelTask task, Sizes sizes) {
        return new Parameter("score.weight", new Shape(task.numLabels(), sizes.width()), SHARED, "score", Kind.HEAD);
    }

    /** The same embedding with a row that looking it up gives no gradient, as torch's {@code padding_idx}. */
    public Parameter withPadding(OptionalInt row) {
        return new Parameter(name, shape, layer, key, kind, row);
    }

    Parameter named(String other) {
        return new Parameter(other, shape, layer, key, kind, padding);
    }

    /** What it is called in the file of a model that is saved: without the whole that it was taken from. */
    public String savedName() {
        return LanguageModel.alone(name);
    }

    /** True for a linear map inside a layer, however it is stored. */
    public boolean isProjection() {
        return kind == Kind.LINEAR || kind == Kind.CONV1D;
    }

    /** True for a matrix that is stored {@code (I, O)}. */
    public boolean isTransposed() {
        return kind == Kind.CONV1D;
    }

    /** Width of a linear map's input. */
    public long inputs() {
        return shape.get(isTransposed() ? 0 : 1);
    }

    /** Width of a linear map's output. */
    public long outputs() {
        return shape.get(isTransposed() ? 1 : 0);
    }

    /** Norms and biases are not decayed, as in transformers' Trainer. */
    public boolean isDecayed() {
        return kind != Kind.NORM && kind != Kind.BIAS;
    }

    /** The module that owns it: the name without {@code .weight} or {@code .bias}. */
    public String module() {
        return name.substring(0, name.lastIndexOf('.'));
    }
}
