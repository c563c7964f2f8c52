package dev.temper.model.gemma;

import static dev.temper.check.Check.check;

import ai.djl.ndarray.types.Shape;
import dev.temper.model.Architecture;
import dev.temper.model.ConfigFields;
import dev.temper.model.Family;
import dev.temper.model.ModelTask;
import dev.temper.model.Parameter;
import dev.temper.model.Parameter.Kind;
import dev.temper.model.RotaryEmbedding;
import dev.temper.model.Sizes;
import dev.temper.model.Tape;
import dev.temper.model.Task;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Gemma 2 and 3: RMSNorm by {@code 1 + w} before and after each block, scaled embeddings, near and far layers; scores
 * and logits are capped in Gemma 2, queries and keys normed in Gemma 3. The output head is the embedding.
 *
 * @see <a
 *     href="https://github.com/huggingface/transformers/blob/main/src/transformers/models/gemma2/modeling_gemma2.py">
 *     reference for Gemma 2</a>
 * @see <a
 *     href="https://github.com/huggingface/transformers/blob/main/src/transformers/models/gemma3/modeling_gemma3.py">
 *     reference for Gemma 3</a>
 */
public final class Gemma implements Family {
    private static final int VOCABULARY_2 = 256000;
    private static final int VOCABULARY_3 = 262208;
    private static final int WINDOW = 4096;

    @Override
    public Set<String> modelTypes() {
        return Set.of("gemma2", "gemma3_text");
    }

    @Override
    public Set<Task> tasks() {
        return EnumSet.of(Task.CAUSAL_LM);
    }

    @Override
    public Architecture read(ConfigFields config, ModelTask task) {
        String type = config.text("model_type", "");
        boolean isThird = type.equals("gemma3_text");
        checkFields(config);
        Sizes sizes = new Sizes(
                config.integer("vocab_size", isThird ? VOCABULARY_3 : VOCABULARY_2),
                config.integer("hidden_size", 2304),
                config.integer("num_hidden_layers", 26),
                config.integer("num_attention_heads", 8),
                config.integer("num_key_value_heads", 4),
                config.integer("head_dim", 256),
                config.integer("intermediate_size", 9216),
                config.integer("max_position_embeddings", isThird ? 131072 : 8192));
        boolean tied = !config.has("tie_word_embeddings") || config.isTrue("tie_word_embeddings");
        OptionalInt padding = config.paddingRow(sizes.vocabulary(), OptionalInt.of(0));
        Options options = new Options(config.isTrue("attention_bias"), isThird, tied, padding);
        return new Architecture(
                type,
                task.className(isThird ? "Gemma3" : "Gemma2"),
                sizes,
                "gemma.Gemma",
                attributes(config, sizes, isThird),
                parameters(sizes, options),
                "embed_tokens",
                Optional.of(rotary(config, sizes, isThird)),
                windows(config, sizes.layers(), isThird),
                Map.of(),
                List.of(tied ? "lm_head\\.weight" : "-"),
                Optional.empty());
    }

    @Override
    public void layer(Tape tape) {
        Tape.Value x = tape.input();
        Tape.Value h = tape.rmsNorm(x, "input_layernorm");
        Tape.Value q = tape.linear(h, "q_proj");
        Tape.Value k = tape.linear(h, "k_proj");
        Tape.Value v = tape.linear(h, "v_proj");
        if (tape.has("q_norm")) {
            q = tape.rmsNorm(q, "q_norm");
            k = tape.rmsNorm(k, "k_norm");
        }
        Tape.Value o = tape.attention(tape.rotated(q), tape.rotated(k), v, tape.attribute("score_cap"));
        x = tape.sum(x, tape.rmsNorm(tape.linear(o, "o_proj"), "post_attention_layernorm"));
        h = tape.rmsNorm(x, "pre_feedforward_layernorm");
        Tape.Value gate = tape.activation(tape.linear(h, "gate_proj"));
        Tape.Value down = tape.linear(tape.product(gate, tape.linear(h, "up_proj")), "down_proj");
        tape.output(tape.sum(x, tape.rmsNorm(down, "post_feedforward_layernorm")));
    }

    private static void checkFields(ConfigFields config) {
        config.only("hidden_activation", "gelu_pytorch_tanh");
        config.only("attention_dropout", 0.0);
        config.only("partial_rotary_factor", 1);
        config.ignore("hidden_act"); // of old; what counts is hidden_activation
    }

    private static Map<String, Object> attributes(ConfigFields config, Sizes sizes, boolean isThird) {
        double scoreCap = cap(config, "attn_logit_softcapping", isThird ? 0 : 50);
        return Map.of(
                "num_heads",
                sizes.numHeads(),
                "num_kv_heads",
                sizes.numKeyValueHeads(),
                "scale",
                1 / Math.sqrt(config.number("query_pre_attn_scalar", 256)),
                "eps",
                config.number("rms_norm_eps", 1e-6),
                "embedding_scale",
                Math.sqrt(sizes.width()),
                "score_cap",
                isThird ? 0.0 : scoreCap, // Gemma 3 has the field, but its layers do not look at it
                Architecture.LOGIT_CAP,
                cap(config, "final_logit_softcapping", isThird ? 0 : 30));
    }

    /** Null is no cap; a missing field means the default. */
    private static double cap(ConfigFields config, String name, double otherwise) {
        return config.number(name, config.isMissing(name) ? otherwise : 0);
    }

    private static RotaryEmbedding rotary(ConfigFields config, Sizes sizes, boolean isThird) {
        double base = isThird ? 1e6 : 1e4;
        RotaryEmbedding far = RotaryEmbedding.read(config, base, sizes.headSize(), sizes.maxPositions());
        return isThird ? far.withNear(config.number("rope_local_base_freq", 1e4)) : far;
    }

    private static List<Integer> windows(ConfigFields config, int layers, boolean isThird) {
        int window = config.integer("sliding_window", WINDOW);
        config.only("sliding_window_size", window);
        int pattern = isThird ? config.integer("sliding_window_pattern", 6) : 2;
        check(pattern > 0, "%s: sliding_window_pattern must be positive, got %d", config.location(), pattern);
        return config.windows(layers, window, layer -> (layer + 1) % pattern != 0);
    }

    /** What of the weights depends on the config. */
    private record Options(boolean hasBias, boolean hasHeadNorms, boolean isTied, OptionalInt padding) {}

    private static List<Parameter> parameters(Sizes sizes, Options options) {
        List<Parameter> list = new ArrayList<>();
        int width = sizes.width();
        int queries = sizes.numHeads() * sizes.headSize();
        int keys = sizes.numKeyValueHeads() * sizes.headSize();
        Block shared = new Block(list, "model.", Parameter.SHARED);
        Shape vocabulary = new Shape(sizes.vocabulary(), width);
        list.add(
                new Parameter("model.embed_tokens.weight", vocabulary, Parameter.SHARED, "embed_tokens", Kind.EMBEDDING)
                        .withPadding(options.padding()));
        for (int layer = 0; layer < sizes.layers(); layer++) {
            String prefix = "model.layers." + layer + ".";
            Block block = new Block(list, prefix, layer);
            Block attention = new Block(list, prefix + "self_attn.", layer);
            Block feedForward = new Block(list, prefix + "mlp.", layer);
            block.norm("input_layernorm", width);
            attention.linear("q_proj", queries, width, options.hasBias());
            attention.linear("k_proj", keys, width, options.hasBias());
            attention.linear("v_proj", keys, width, options.hasBias());
            attention.linear("o_proj", width, queries, options.hasBias());
            if (options.hasHeadNorms()) {
                attention.norm("q_norm", sizes.headSize());
                attention.norm("k_norm", sizes.headSize());
            }
            block.norm("post_attention_layernorm", width);
            block.norm("pre_feedforward_layernorm", width);
            feedForward.linear("gate_proj", sizes.feedForward(), width, false);
            feedForward.linear("up_proj", sizes.feedForward(), width, false);
            feedForward.linear("down_proj", width, sizes.feedForward(), false);
            block.norm("post_feedforward_layernorm", width);
        }
        shared.norm("norm", width);
        if (!options.isTied()) {
            new Block(list, "", Parameter.SHARED).add("lm_head", vocabulary, Kind.HEAD);
        }
        return list;
    }

    /** Weights with the same prefix. */
    private record Block(List<Parameter> list, String prefix, int layer) {
        void norm(String key, int width) {
            add(key, new Shape(width), Kind.NORM);
        }

        void linear(String key, int output, int input, boolean isBiased) {
            add(key, new Shape(output, input), Kind.LINEAR);
            if (isBiased) {
                list.add(new Parameter(prefix + key + ".bias", new Shape(output), layer, key + ".bias", Kind.BIAS));
            }
        }

        void add(String key, Shape shape, Kind kind) {
            list.add(new Parameter(prefix + key + ".weight", shape, layer, key, kind));
        }
    }
}
