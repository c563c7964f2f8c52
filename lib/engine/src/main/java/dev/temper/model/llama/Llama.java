package dev.temper.model.llama;

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
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Llama and its relatives: RMSNorm, rotary positions, grouped-query attention, gated feed-forward.
 *
 * @see <a href="https://github.com/huggingface/transformers/blob/main/src/transformers/models/llama/modeling_llama.py">
 *     reference</a>
 */
public final class Llama implements Family {
    @Override
    public Set<String> modelTypes() {
        return Arrays.stream(LlamaVariant.values()).map(LlamaVariant::modelType).collect(Collectors.toSet());
    }

    @Override
    public Set<Task> tasks() {
        return EnumSet.allOf(Task.class);
    }

    @Override
    public Architecture read(ConfigFields config, ModelTask task) {
        LlamaVariant variant = LlamaVariant.of(config.text("model_type", ""));
        config.only("hidden_act", "silu");
        config.only("attention_dropout", 0.0);
        variant.checkFields(config);
        int heads = config.integer("num_attention_heads");
        int width = config.integer("hidden_size");
        Sizes sizes = new Sizes(
                config.integer("vocab_size"),
                width,
                config.integer("num_hidden_layers"),
                heads,
                variant.numKeyValueHeads(config, heads),
                variant.headSize(config, width, heads),
                config.integer("intermediate_size"),
                variant.maxPositions(config));
        boolean tied = config.isTrue("tie_word_embeddings");
        boolean hasHead = task.isCausal() && !tied;
        Map<String, Object> attributes = Map.of(
                "num_heads", sizes.numHeads(),
                "num_kv_heads", sizes.numKeyValueHeads(),
                "scale", 1 / Math.sqrt(sizes.headSize()),
                "eps", variant.eps(config));
        OptionalInt padding = variant.padding(config, sizes.vocabulary());
        int rotarySize = variant.rotarySize(config, sizes.headSize());
        return new Architecture(
                variant.modelType(),
                task.className(variant.className()),
                sizes,
                "llama.Llama",
                attributes,
                parameters(sizes, variant.layer(config), padding, hasHead, task),
                "embed_tokens",
                Optional.of(RotaryEmbedding.read(config, 1e4, rotarySize, sizes.maxPositions())),
                windows(config, variant, sizes.layers()),
                Map.of(),
                List.of(
                        "model\\.layers\\.\\d+\\.self_attn\\.rotary_emb\\.inv_freq",
                        hasHead ? "-" : "lm_head\\.weight"),
                config.scoreHead(task));
    }

    @Override
    public void layer(Tape tape) {
        Sizes sizes = tape.sizes();
        long queries = (long) sizes.numHeads() * sizes.headSize();
        long keys = (long) sizes.numKeyValueHeads() * sizes.headSize();
        Tape.Value x = tape.input();
        Tape.Value h = tape.rmsNorm(x, "input_layernorm");
        List<Tape.Value> parts = tape.has("qkv_proj")
                ? tape.split(tape.linear(h, "qkv_proj"), queries, keys, keys)
                : List.of(tape.linear(h, "q_proj"), tape.linear(h, "k_proj"), tape.linear(h, "v_proj"));
        Tape.Value q = parts.get(0);
        Tape.Value k = parts.get(1);
        if (tape.has("q_norm")) {
            q = tape.rmsNorm(q, "q_norm");
            k = tape.rmsNorm(k, "k_norm");
        }
        Tape.Value o = tape.attention(tape.rotated(q), tape.rotated(k), parts.get(2), 0);
        x = tape.sum(x, tape.linear(o, "o_proj"));
        h = tape.rmsNorm(x, "post_attention_layernorm");
        List<Tape.Value> halves = tape.has("gate_up_proj")
                ? tape.split(tape.linear(h, "gate_up_proj"), sizes.feedForward(), sizes.feedForward())
                : List.of(tape.linear(h, "gate_proj"), tape.linear(h, "up_proj"));
        Tape.Value gated = tape.product(tape.activation(halves.get(0)), halves.get(1));
        tape.output(tape.sum(x, tape.linear(gated, "down_proj")));
    }

    private static List<Integer> windows(ConfigFields config, LlamaVariant variant, int layers) {
        LlamaVariant.Window window = variant.window(config);
        if (variant.hasLayerTypes()) {
            return config.windows(layers, window.positions(), layer -> layer >= window.firstLayer());
        }
        List<Integer> alike = Collections.nCopies(layers, window.positions());
        check(
                !config.has("layer_types")
                        || config.windows(layers, window.positions(), layer -> true)
                                .equals(alike),
                "%s: layer_types: %s is not supported: all layers of a %s model see the same, %s",
                config.location(),
                config.value("layer_types"),
                variant.modelType(),
                window.positions() == 0 ? "all positions" : "a window");
        return alike;
    }

    private static List<Parameter> parameters(
            Sizes sizes, LlamaVariant.Layer kind, OptionalInt padding, boolean hasHead, ModelTask task) {
        List<Parameter> list = new ArrayList<>();
        Shape vocabulary = new Shape(sizes.vocabulary(), sizes.width());
        list.add(shared("model.embed_tokens", "embed_tokens", vocabulary, Kind.EMBEDDING)
                .withPadding(padding));
        for (int layer = 0; layer < sizes.layers(); layer++) {
            String prefix = "model.layers." + layer + ".";
            list.add(norm(prefix, layer, "input_layernorm", sizes.width()));
            attention(new Block(list, prefix + "self_attn.", layer), sizes, kind);
            list.add(norm(prefix, layer, "post_attention_layernorm", sizes.width()));
            feedForward(new Block(list, prefix + "mlp.", layer), sizes, kind);
        }
        list.add(shared("model.norm", "norm", new Shape(sizes.width()), Kind.NORM));
        if (hasHead) {
            list.add(shared("lm_head", "lm_head", vocabulary, Kind.HEAD));
        }
        if (!task.isCausal()) {
            list.add(Parameter.score(task, sizes));
        }
        return list;
    }

    private static void attention(Block block, Sizes sizes, LlamaVariant.Layer kind) {
        int queries = sizes.numHeads() * sizes.headSize();
        int keys = sizes.numKeyValueHeads() * sizes.headSize();
        if (kind.isFused()) {
            block.linear("qkv_proj", queries + 2 * keys, sizes.width(), kind.hasInputBias());
        } else {
            block.linear("q_proj", queries, sizes.width(), kind.hasInputBias());
            block.linear("k_proj", keys, sizes.width(), kind.hasInputBias());
            block.linear("v_proj", keys, sizes.width(), kind.hasInputBias());
        }
        block.linear("o_proj", sizes.width(), queries, kind.hasOutputBias());
        if (kind.hasHeadNorms()) {
            block.list().add(norm(block.prefix(), block.layer(), "q_norm", sizes.headSize()));
            block.list().add(norm(block.prefix(), block.layer(), "k_norm", sizes.headSize()));
        }
    }

    private static void feedForward(Block block, Sizes sizes, LlamaVariant.Layer kind) {
        if (kind.isFused()) {
            block.linear("gate_up_proj", 2 * sizes.feedForward(), sizes.width(), kind.hasMlpBias());
        } else {
            block.linear("gate_proj", sizes.feedForward(), sizes.width(), kind.hasMlpBias());
            block.linear("up_proj", sizes.feedForward(), sizes.width(), kind.hasMlpBias());
        }
        block.linear("down_proj", sizes.width(), sizes.feedForward(), kind.hasMlpBias());
    }

    private static Parameter shared(String module, String key, Shape shape, Kind kind) {
        return new Parameter(module + ".weight", shape, Parameter.SHARED, key, kind);
    }

    private static Parameter norm(String prefix, int layer, String key, int width) {
        return new Parameter(prefix + key + ".weight", new Shape(width), layer, key, Kind.NORM);
    }

    /** The linear maps of one block of a layer. */
    private record Block(List<Parameter> list, String prefix, int layer) {
        void linear(String key, int output, int input, boolean isBiased) {
            list.add(new Parameter(prefix + key + ".weight", new Shape(output, input), layer, key, Kind.LINEAR));
            if (isBiased) {
                list.add(new Parameter(prefix + key + ".bias", new Shape(output), layer, key + ".bias", Kind.BIAS));
            }
        }
    }
}
