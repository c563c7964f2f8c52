package dev.temper.model.gpt2;

import ai.djl.ndarray.types.Shape;
import dev.temper.model.Architecture;
import dev.temper.model.Classifier;
import dev.temper.model.ConfigFields;
import dev.temper.model.Family;
import dev.temper.model.ModelTask;
import dev.temper.model.Parameter;
import dev.temper.model.Parameter.Kind;
import dev.temper.model.Sizes;
import dev.temper.model.Tape;
import dev.temper.model.Task;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * GPT-2: LayerNorm, learned positions, one fused projection to queries, keys and values, matrices stored {@code (I,
 * O)}.
 *
 * @see <a href="https://github.com/huggingface/transformers/blob/main/src/transformers/models/gpt2/modeling_gpt2.py">
 *     reference</a>
 */
public final class Gpt2 implements Family {
    private static final double DROPOUT = 0.1;

    @Override
    public Set<String> modelTypes() {
        return Set.of("gpt2");
    }

    @Override
    public Set<Task> tasks() {
        return EnumSet.allOf(Task.class);
    }

    @Override
    public Architecture read(ConfigFields config, ModelTask task) {
        config.only("activation_function", "gelu_new");
        config.ignore(
                "n_ctx", // n_positions of old
                "n_special", // of the first release, like the next two
                "output_past",
                "predict_special_tokens",
                "reorder_and_upcast_attn", // float32 is what we compute in
                "summary_activation",
                "summary_first_dropout",
                "summary_proj_to_labels",
                "summary_type",
                "summary_use_proj");
        int width = config.integer("n_embd", 768);
        int heads = config.integer("n_head", 12);
        Sizes sizes = new Sizes(
                config.integer("vocab_size", 50257),
                width,
                config.integer("n_layer", 12),
                heads,
                heads,
                config.headSize("n_embd", width, "n_head", heads),
                config.integer("n_inner", 4 * width),
                config.integer("n_positions", 1024));
        boolean scaled = !config.has("scale_attn_weights") || config.isTrue("scale_attn_weights");
        boolean tied = !config.has("tie_word_embeddings") || config.isTrue("tie_word_embeddings");
        boolean hasHead = task.isCausal() && !tied;
        Optional<Classifier> classifier = config.scoreHead(task);
        Map<String, Object> attributes = Map.of(
                "num_heads",
                heads,
                "scale",
                scaled ? 1 / Math.sqrt(sizes.headSize()) : 1.0,
                "eps",
                config.number("layer_norm_epsilon", 1e-5),
                "activation",
                "gelu_new");
        return new Architecture(
                "gpt2",
                task.isCausal() ? "GPT2LMHeadModel" : task.className("GPT2"),
                sizes,
                "gpt2.Gpt2",
                attributes,
                parameters(sizes, hasHead, task),
                "wte",
                Optional.empty(),
                Collections.nCopies(sizes.layers(), 0),
                dropouts(config),
                List.of("transformer\\.h\\.\\d+\\.attn\\.(masked_)?bias", hasHead ? "-" : "lm_head\\.weight"),
                classifier);
    }

    @Override
    public void layer(Tape tape) {
        long width = tape.sizes().width();
        Tape.Value x = tape.input();
        List<Tape.Value> parts = tape.split(tape.linear(tape.layerNorm(x, "ln_1"), "c_attn"), width, width, width);
        Tape.Value o = tape.attention(parts.get(0), parts.get(1), parts.get(2), 0);
        x = tape.sum(x, tape.dropped(tape.linear(o, "attn.c_proj"), "attention_output"));
        Tape.Value h = tape.activation(tape.linear(tape.layerNorm(x, "ln_2"), "c_fc"));
        tape.output(tape.sum(x, tape.dropped(tape.linear(h, "mlp.c_proj"), "mlp_output")));
    }

    private static Map<String, Double> dropouts(ConfigFields config) {
        double residual = config.fraction("resid_pdrop", DROPOUT);
        return Map.of(
                "embedding",
                config.fraction("embd_pdrop", DROPOUT),
                "attention",
                config.fraction("attn_pdrop", DROPOUT),
                "attention_output",
                residual,
                "mlp_output",
                residual);
    }

    private static List<Parameter> parameters(Sizes sizes, boolean hasHead, ModelTask task) {
        List<Parameter> list = new ArrayList<>();
        int width = sizes.width();
        Shape vocabulary = new Shape(sizes.vocabulary(), width);
        Shape positions = new Shape(sizes.maxPositions(), width);
        list.add(new Parameter("transformer.wte.weight", vocabulary, Parameter.SHARED, "wte", Kind.EMBEDDING));
        list.add(new Parameter("transformer.wpe.weight", positions, Parameter.SHARED, "wpe", Kind.EMBEDDING));
        for (int layer = 0; layer < sizes.layers(); layer++) {
            Block block = new Block(list, "transformer.h." + layer + ".", layer);
            block.norm("ln_1", width);
            block.conv1d("attn.c_attn", "c_attn", width, 3 * width);
            block.conv1d("attn.c_proj", "attn.c_proj", width, width);
            block.norm("ln_2", width);
            block.conv1d("mlp.c_fc", "c_fc", width, sizes.feedForward());
            block.conv1d("mlp.c_proj", "mlp.c_proj", sizes.feedForward(), width);
        }
        new Block(list, "transformer.", Parameter.SHARED).norm("ln_f", width);
        if (hasHead) {
            list.add(new Parameter("lm_head.weight", vocabulary, Parameter.SHARED, "lm_head", Kind.HEAD));
        }
        if (!task.isCausal()) {
            list.add(Parameter.score(task, sizes));
        }
        return list;
    }

    /** The weights of a layer, or of what lies outside the layers. */
    private record Block(List<Parameter> list, String prefix, int layer) {
        void norm(String key, int width) {
            add(key, key, new Shape(width), Kind.NORM);
        }

        void conv1d(String module, String key, int input, int output) {
            add(module, key, new Shape(input, output), Kind.CONV1D);
        }

        private void add(String module, String key, Shape shape, Kind kind) {
            Shape bias = new Shape(shape.get(shape.dimension() - 1));
            list.add(new Parameter(prefix + module + ".weight", shape, layer, key, kind));
            list.add(new Parameter(prefix + module + ".bias", bias, layer, key + ".bias", Kind.BIAS));
        }
    }
}
