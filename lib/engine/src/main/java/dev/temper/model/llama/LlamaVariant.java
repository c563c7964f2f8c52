package dev.temper.model.llama;

import static dev.temper.check.Check.check;

import dev.temper.model.ConfigFields;
import java.util.Locale;
import java.util.OptionalInt;

/**
 * A {@code model_type} of the Llama family: its defaults, which fields of config.json it knows, and which of the
 * optional weights a layer has.
 *
 * @see <a href="https://github.com/huggingface/transformers/tree/main/src/transformers/models">configuration
 *     classes</a>
 */
enum LlamaVariant {
    LLAMA("Llama", 2048, 0, 1e-6),
    MISTRAL("Mistral", 131072, 8, 1e-6),
    PHI3("Phi3", 4096, 0, 1e-5),
    QWEN2("Qwen2", 32768, 32, 1e-6),
    QWEN3("Qwen3", 32768, 32, 1e-6);

    private static final int MISTRAL_WINDOW = 4096;
    private static final int QWEN_WINDOW = 4096;
    private static final int QWEN_FULL_LAYERS = 28;
    private static final int QWEN3_HEAD_SIZE = 128;
    private static final int PHI3_PAD_TOKEN = 32000;

    private final String className;
    private final int maxPositions;
    private final int numKeyValueHeads;
    private final double eps;

    LlamaVariant(String className, int maxPositions, int numKeyValueHeads, double eps) {
        this.className = className;
        this.maxPositions = maxPositions;
        this.numKeyValueHeads = numKeyValueHeads;
        this.eps = eps;
    }

    static LlamaVariant of(String modelType) {
        return valueOf(modelType.toUpperCase(Locale.ROOT));
    }

    String modelType() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** What its classes in transformers begin with. */
    String className() {
        return className;
    }

    int maxPositions(ConfigFields config) {
        return config.integer("max_position_embeddings", maxPositions);
    }

    /** Null means as many as query heads; a missing field means the variant's own number. */
    int numKeyValueHeads(ConfigFields config, int numHeads) {
        boolean asHeads = numKeyValueHeads == 0 || !config.isMissing("num_key_value_heads");
        return config.integer("num_key_value_heads", asHeads ? numHeads : numKeyValueHeads);
    }

    int headSize(ConfigFields config, int width, int numHeads) {
        boolean ownDefault = this == QWEN3 && config.isMissing("head_dim");
        return config.integer("head_dim", ownDefault ? QWEN3_HEAD_SIZE : width / Math.max(1, numHeads));
    }

    /** The token whose embedding learns nothing from being looked up. */
    OptionalInt padding(ConfigFields config, int vocabulary) {
        return config.paddingRow(vocabulary, this == PHI3 ? OptionalInt.of(PHI3_PAD_TOKEN) : OptionalInt.empty());
    }

    double eps(ConfigFields config) {
        return config.number("rms_norm_eps", eps);
    }

    /** Fields that only this variant has and of which we compute one value. */
    void checkFields(ConfigFields config) {
        if (this == PHI3) {
            config.only("resid_pdrop", 0.0);
            config.only("embd_pdrop", 0.0);
            config.only("full_attn_mod", 1);
            config.only("interpolate_factor", 1);
        } else {
            config.only("partial_rotary_factor", 1);
        }
    }

    Layer layer(ConfigFields config) {
        boolean isBiased = (this == LLAMA || this == QWEN3) && config.isTrue("attention_bias");
        if (this == QWEN2) {
            config.ignore("attention_bias"); // queries, keys and values have one, whatever it says
        }
        return new Layer(
                isBiased || this == QWEN2,
                isBiased,
                this == LLAMA && config.isTrue("mlp_bias"),
                this == QWEN3,
                this == PHI3);
    }

    /** What of a layer depends on the variant. */
    record Layer(
            boolean hasInputBias, boolean hasOutputBias, boolean hasMlpBias, boolean hasHeadNorms, boolean isFused) {}

    /** How many channels of a head turn with the position. */
    int rotarySize(ConfigFields config, int headSize) {
        double part = this == PHI3 ? config.number("partial_rotary_factor", 1) : 1;
        check(part > 0 && part <= 1, "%s: partial_rotary_factor must be in (0, 1], got %s", config.location(), part);
        return (int) (headSize * part);
    }

    /** How many positions a layer sees, or 0 for all, and from which layer on. */
    Window window(ConfigFields config) {
        return switch (this) {
            case LLAMA -> new Window(0, 0);
            case MISTRAL -> new Window(
                    config.integer("sliding_window", config.isMissing("sliding_window") ? MISTRAL_WINDOW : 0), 0);
            case PHI3 -> new Window(config.integer("sliding_window", 0), 0);
            case QWEN2, QWEN3 -> {
                int window = config.integer("sliding_window", config.isMissing("sliding_window") ? QWEN_WINDOW : 0);
                int first = config.integer("max_window_layers", QWEN_FULL_LAYERS);
                yield new Window(config.isTrue("use_sliding_window") ? window : 0, first);
            }
        };
    }

    /** A sliding window and the first layer that has it. */
    record Window(int positions, int firstLayer) {}

    boolean hasLayerTypes() {
        return this == QWEN2 || this == QWEN3;
    }
}
