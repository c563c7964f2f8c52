package dev.temper.model.llama;

import ai.djl.ndarray.types.Shape;
import dev.temper.model.Architecture;
import dev.temper.model.ConfigFields;
import dev.temper.model.Family;
import dev.temper.model.Parameter;
import dev.temper.model.Parameter.Kind;
import dev.temper.model.RotaryEmbedding;
import dev.temper.model.Sizes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Llama: RMSNorm, rotary positions, grouped-query attention, gated feed-forward.
 *
 * @see <a href="https://github.com/huggingface/transformers/blob/main/src/transformers/models/llama/modeling_llama.py">
 *     reference</a>
 */
public final class Llama implements Family {
    @Override
    public Set<String> modelTypes() {
        return Set.of("llama");
    }

    @Override
    public Architecture read(ConfigFields config) {
        config.only("hidden_act", "silu");
        config.only("attention_dropout", 0.0);
        config.ignore("pretraining_tp"); // how the products were split in pretraining; the result is the same
        int heads = config.integer("num_attention_heads");
        int width = config.integer("hidden_size");
        Sizes sizes = new Sizes(
                config.integer("vocab_size"),
                width,
                config.integer("num_hidden_layers"),
                heads,
                config.integer("num_key_value_heads", heads),
                config.integer("head_dim", width / heads),
                config.integer("intermediate_size"),
                config.integer("max_position_embeddings", 2048));
        boolean attentionBias = config.truth("attention_bias", false);
        boolean mlpBias = config.truth("mlp_bias", false);
        boolean tied = config.truth("tie_word_embeddings", false);
        Map<String, Object> attributes = Map.of(
                "num_heads", sizes.numHeads(),
                "num_kv_heads", sizes.numKeyValueHeads(),
                "scale", 1 / Math.sqrt(sizes.headSize()),
                "eps", config.number("rms_norm_eps", 1e-6));
        return new Architecture(
                "llama",
                sizes,
                "llama.Llama",
                attributes,
                parameters(sizes, attentionBias, mlpBias, tied),
                "embed_tokens",
                Optional.of(RotaryEmbedding.read(config, sizes.headSize(), sizes.maxPositions())),
                Collections.nCopies(sizes.layers(), 0),
                List.of("model\\.layers\\.\\d+\\.self_attn\\.rotary_emb\\.inv_freq", tied ? "lm_head\\.weight" : "-"));
    }

    private static List<Parameter> parameters(Sizes sizes, boolean attentionBias, boolean mlpBias, boolean tied) {
        List<Parameter> list = new ArrayList<>();
        list.add(shared(
                "model.embed_tokens", "embed_tokens", new Shape(sizes.vocabulary(), sizes.width()), Kind.EMBEDDING));
        int queries = sizes.numHeads() * sizes.headSize();
        int keys = sizes.numKeyValueHeads() * sizes.headSize();
        for (int layer = 0; layer < sizes.layers(); layer++) {
            String prefix = "model.layers." + layer + ".";
            norm(list, prefix, layer, "input_layernorm", sizes.width());
            linear(list, prefix + "self_attn.", layer, "q_proj", new Shape(queries, sizes.width()), attentionBias);
            linear(list, prefix + "self_attn.", layer, "k_proj", new Shape(keys, sizes.width()), attentionBias);
            linear(list, prefix + "self_attn.", layer, "v_proj", new Shape(keys, sizes.width()), attentionBias);
            linear(list, prefix + "self_attn.", layer, "o_proj", new Shape(sizes.width(), queries), attentionBias);
            norm(list, prefix, layer, "post_attention_layernorm", sizes.width());
            linear(list, prefix + "mlp.", layer, "gate_proj", new Shape(sizes.feedForward(), sizes.width()), mlpBias);
            linear(list, prefix + "mlp.", layer, "up_proj", new Shape(sizes.feedForward(), sizes.width()), mlpBias);
            linear(list, prefix + "mlp.", layer, "down_proj", new Shape(sizes.width(), sizes.feedForward()), mlpBias);
        }
        list.add(shared("model.norm", "norm", new Shape(sizes.width()), Kind.NORM));
        if (!tied) {
            list.add(shared("lm_head", "lm_head", new Shape(sizes.vocabulary(), sizes.width()), Kind.HEAD));
        }
        return list;
    }

    private static Parameter shared(String module, String key, Shape shape, Kind kind) {
        return new Parameter(module + ".weight", shape, Parameter.SHARED, key, kind);
    }

    private static void norm(List<Parameter> list, String prefix, int layer, String key, int width) {
        list.add(new Parameter(prefix + key + ".weight", new Shape(width), layer, key, Kind.NORM));
    }

    private static void linear(List<Parameter> list, String prefix, int layer, String key, Shape shape, boolean bias) {
        list.add(new Parameter(prefix + key + ".weight", shape, layer, key, Kind.LINEAR));
        if (bias) {
            list.add(new Parameter(prefix + key + ".bias", new Shape(shape.get(0)), layer, key + ".bias", Kind.BIAS));
        }
    }
}
