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
                config.integer("head_dim", width / Math.max(1, heads)),
                config.integer("intermediate_size"),
                config.integer("max_position_embeddings", 2048));
        boolean attentionBias = config.isTrue("attention_bias");
        boolean mlpBias = config.isTrue("mlp_bias");
        boolean tied = config.isTrue("tie_word_embeddings");
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
        Shape vocabulary = new Shape(sizes.vocabulary(), sizes.width());
        list.add(shared("model.embed_tokens", "embed_tokens", vocabulary, Kind.EMBEDDING));
        int queries = sizes.numHeads() * sizes.headSize();
        int keys = sizes.numKeyValueHeads() * sizes.headSize();
        for (int layer = 0; layer < sizes.layers(); layer++) {
            String prefix = "model.layers." + layer + ".";
            Projections attention = new Projections(list, prefix + "self_attn.", layer, attentionBias);
            Projections mlp = new Projections(list, prefix + "mlp.", layer, mlpBias);
            list.add(norm(prefix, layer, "input_layernorm", sizes.width()));
            attention.add("q_proj", queries, sizes.width());
            attention.add("k_proj", keys, sizes.width());
            attention.add("v_proj", keys, sizes.width());
            attention.add("o_proj", sizes.width(), queries);
            list.add(norm(prefix, layer, "post_attention_layernorm", sizes.width()));
            mlp.add("gate_proj", sizes.feedForward(), sizes.width());
            mlp.add("up_proj", sizes.feedForward(), sizes.width());
            mlp.add("down_proj", sizes.width(), sizes.feedForward());
        }
        list.add(shared("model.norm", "norm", new Shape(sizes.width()), Kind.NORM));
        if (!tied) {
            list.add(shared("lm_head", "lm_head", vocabulary, Kind.HEAD));
        }
        return list;
    }

    private static Parameter shared(String module, String key, Shape shape, Kind kind) {
        return new Parameter(module + ".weight", shape, Parameter.SHARED, key, kind);
    }

    private static Parameter norm(String prefix, int layer, String key, int width) {
        return new Parameter(prefix + key + ".weight", new Shape(width), layer, key, Kind.NORM);
    }

    /** The linear maps of one block of a layer, all with a bias or all without. */
    private record Projections(List<Parameter> list, String prefix, int layer, boolean biased) {
        void add(String key, int output, int input) {
            list.add(new Parameter(prefix + key + ".weight", new Shape(output, input), layer, key, Kind.LINEAR));
            if (biased) {
                list.add(new Parameter(prefix + key + ".bias", new Shape(output), layer, key + ".bias", Kind.BIAS));
            }
        }
    }
}
