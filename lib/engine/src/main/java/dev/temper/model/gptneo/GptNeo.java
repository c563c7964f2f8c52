package dev.temper.model.gptneo;

import static dev.temper.check.Check.check;

import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.model.Architecture;
import dev.temper.model.ConfigFields;
import dev.temper.model.Family;
import dev.temper.model.ModelTask;
import dev.temper.model.Parameter;
import dev.temper.model.Parameter.Kind;
import dev.temper.model.Sizes;
import dev.temper.model.Tape;
import dev.temper.model.Task;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * GPT-Neo: LayerNorm, learned positions, attention without scaling, every other layer sees a window only; the output
 * head is the embedding.
 *
 * @see <a
 *     href="https://github.com/huggingface/transformers/blob/main/src/transformers/models/gpt_neo/modeling_gpt_neo.py">
 *     reference</a>
 */
public final class GptNeo implements Family {
    @Override
    public Set<String> modelTypes() {
        return Set.of("gpt_neo");
    }

    @Override
    public Set<Task> tasks() {
        return EnumSet.allOf(Task.class);
    }

    @Override
    public Architecture read(ConfigFields config, ModelTask task) {
        config.only("activation_function", "gelu_new");
        config.only("attention_dropout", 0.0);
        config.only("embed_dropout", 0.0);
        config.only("resid_dropout", 0.0);
        config.ignore(
                "summary_activation",
                "summary_first_dropout",
                "summary_proj_to_labels",
                "summary_type",
                "summary_use_proj");
        int width = config.integer("hidden_size", 2048);
        int heads = config.integer("num_heads", 16);
        Sizes sizes = new Sizes(
                config.integer("vocab_size", 50257),
                width,
                config.integer("num_layers", 24),
                heads,
                heads,
                config.headSize("hidden_size", width, "num_heads", heads),
                config.integer("intermediate_size", 4 * width),
                config.integer("max_position_embeddings", 2048));
        Map<String, Object> attributes =
                Map.of("num_heads", heads, "eps", config.number("layer_norm_epsilon", 1e-5), "activation", "gelu_new");
        boolean isTied = !config.has("tie_word_embeddings") || config.isTrue("tie_word_embeddings");
        Architecture architecture = new Architecture(
                "gpt_neo",
                task.className("GPTNeo"),
                sizes,
                "gpt_neo.GptNeo",
                attributes,
                parameters(sizes, task),
                "wte",
                Optional.empty(),
                windows(config, sizes.layers()),
                Map.of(),
                List.of("transformer\\.h\\.\\d+\\.attn\\.attention\\.(masked_)?bias", "lm_head\\.weight"),
                config.scoreHead(task));
        return isTied ? architecture : architecture.untied();
    }

    @Override
    public void layer(Tape tape) {
        Tape.Value x = tape.input();
        Tape.Value h = tape.layerNorm(x, "ln_1");
        Tape.Value o = tape.attention(tape.linear(h, "q_proj"), tape.linear(h, "k_proj"), tape.linear(h, "v_proj"), 0);
        x = tape.sum(x, tape.linear(o, "out_proj"));
        h = tape.activation(tape.linear(tape.layerNorm(x, "ln_2"), "c_fc"));
        tape.output(tape.sum(x, tape.linear(h, "c_proj")));
    }

    /** {@code attention_types} is a list of [[kinds], repetitions]; {@code attention_layers} spells the same out. */
    private static List<Integer> windows(ConfigFields config, int layers) {
        int window = config.integer("window_size", 256);
        List<String> kinds = new ArrayList<>();
        if (config.has("attention_layers")) {
            config.value("attention_layers").forEach(kind -> kinds.add(kind.asText()));
        }
        JsonNode types = config.value("attention_types");
        if (kinds.isEmpty()) {
            for (JsonNode type : types) {
                for (int i = 0; i < type.path(1).asInt() && kinds.size() <= layers; i++) {
                    type.path(0).forEach(kind -> kinds.add(kind.asText()));
                }
            }
        }
        if (kinds.isEmpty()) {
            for (int i = 0; i < layers; i++) {
                kinds.add(i % 2 == 0 ? "global" : "local");
            }
        }
        check(
                kinds.size() == layers && Set.of("global", "local").containsAll(kinds),
                "%s: attention_types must name global or local for each of the %d layers, got %s",
                config.location(),
                layers,
                kinds);
        return kinds.stream().map(kind -> kind.equals("local") ? window : 0).toList();
    }

    private static List<Parameter> parameters(Sizes sizes, ModelTask task) {
        List<Parameter> list = new ArrayList<>();
        Shape square = new Shape(sizes.width(), sizes.width());
        list.add(new Parameter(
                "transformer.wte.weight",
                new Shape(sizes.vocabulary(), sizes.width()),
                Parameter.SHARED,
                "wte",
                Kind.EMBEDDING));
        list.add(new Parameter(
                "transformer.wpe.weight",
                new Shape(sizes.maxPositions(), sizes.width()),
                Parameter.SHARED,
                "wpe",
                Kind.EMBEDDING));
        for (int layer = 0; layer < sizes.layers(); layer++) {
            String prefix = "transformer.h." + layer + ".";
            norm(list, prefix, layer, "ln_1", sizes.width());
            for (String key : List.of("q_proj", "k_proj", "v_proj")) {
                list.add(new Parameter(prefix + "attn.attention." + key + ".weight", square, layer, key, Kind.LINEAR));
            }
            linear(list, prefix + "attn.attention.", layer, "out_proj", square);
            norm(list, prefix, layer, "ln_2", sizes.width());
            linear(list, prefix + "mlp.", layer, "c_fc", new Shape(sizes.feedForward(), sizes.width()));
            linear(list, prefix + "mlp.", layer, "c_proj", new Shape(sizes.width(), sizes.feedForward()));
        }
        norm(list, "transformer.", Parameter.SHARED, "ln_f", sizes.width());
        if (!task.isCausal()) {
            list.add(Parameter.score(task, sizes));
        }
        return list;
    }

    private static void norm(List<Parameter> list, String prefix, int layer, String key, int width) {
        list.add(new Parameter(prefix + key + ".weight", new Shape(width), layer, key, Kind.NORM));
        list.add(new Parameter(prefix + key + ".bias", new Shape(width), layer, key + ".bias", Kind.BIAS));
    }

    private static void linear(List<Parameter> list, String prefix, int layer, String key, Shape shape) {
        list.add(new Parameter(prefix + key + ".weight", shape, layer, key, Kind.LINEAR));
        list.add(new Parameter(prefix + key + ".bias", new Shape(shape.get(0)), layer, key + ".bias", Kind.BIAS));
    }
}
