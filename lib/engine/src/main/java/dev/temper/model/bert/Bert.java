package dev.temper.model.bert;

import static dev.temper.check.Check.check;

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
 * BERT and its relatives: every token sees the whole text, norms come after the blocks, positions are learned, and the
 * first token is classified.
 *
 * @see <a href="https://github.com/huggingface/transformers/blob/main/src/transformers/models/bert/modeling_bert.py">
 *     reference</a>
 */
public final class Bert implements Family {
    private static final List<String> ATTENTION = List.of("query", "key", "value", "attention_output");

    @Override
    public Set<String> modelTypes() {
        return Arrays.stream(BertVariant.values()).map(BertVariant::modelType).collect(Collectors.toSet());
    }

    @Override
    public Set<Task> tasks() {
        return EnumSet.complementOf(EnumSet.of(Task.CAUSAL_LM));
    }

    @Override
    public Architecture read(ConfigFields config, ModelTask task) {
        BertVariant variant = BertVariant.of(config.text("model_type", ""));
        variant.checkFields(config);
        int width = variant.width(config);
        int heads = variant.heads(config);
        check(
                heads > 0 && width % heads == 0,
                "%s: the width %d must be a multiple of the %d attention heads",
                config.location(),
                width,
                heads);
        int padding = variant.padding(config);
        int positions = config.integer("max_position_embeddings", 512);
        check(positions > 0, "%s: max_position_embeddings must be positive, got %d", config.location(), positions);
        Sizes sizes = new Sizes(
                variant.vocabulary(config),
                width,
                variant.layers(config),
                heads,
                heads,
                width / heads,
                variant.feedForward(config),
                positions - padding - 1);
        Tables tables = new Tables(
                positions,
                variant.tokenTypes(config),
                task.numLabels(),
                variant.tokenPadding(config, sizes.vocabulary()),
                variant.positionPadding(config, positions));
        return new Architecture(
                variant.modelType(),
                task.className(variant.className()),
                sizes,
                "bert.Bert",
                Map.of(
                        "num_heads",
                        heads,
                        "scale",
                        1 / Math.sqrt(sizes.headSize()),
                        "eps",
                        variant.eps(config),
                        "padding",
                        padding),
                parameters(variant, sizes, tables),
                "word_embeddings",
                Optional.empty(),
                Collections.nCopies(sizes.layers(), -1),
                dropouts(variant.dropouts(config)),
                variant.ignored(),
                Optional.of(new Classifier(task, variant.headModules(), Classifier.Place.FIRST, OptionalInt.empty())));
    }

    @Override
    public void layer(Tape tape) {
        Tape.Value x = tape.input();
        if (tape.has("embedding_norm")) {
            x = tape.dropped(tape.layerNorm(x, "embedding_norm"), "embedding");
        }
        Tape.Value o = tape.attention(tape.linear(x, "query"), tape.linear(x, "key"), tape.linear(x, "value"), 0);
        o = tape.linear(o, "attention_output");
        x = tape.layerNorm(tape.sum(x, tape.dropped(o, "attention_sum")), "attention_norm");
        Tape.Value h = tape.linear(tape.activation(tape.linear(x, "up")), "down");
        tape.output(tape.layerNorm(tape.sum(x, tape.dropped(h, "output_sum")), "output_norm"));
    }

    private static Map<String, Double> dropouts(BertVariant.Dropouts chances) {
        return Map.of(
                "embedding", chances.hidden(),
                "attention", chances.attention(),
                "attention_sum", chances.hidden(),
                "output_sum", chances.hidden(),
                "pooled", chances.classifier(),
                "classified", chances.classifier());
    }

    /** Rows of the smaller tables, and those that learn nothing from being looked up. */
    private record Tables(
            int positions, int tokenTypes, int labels, OptionalInt tokenPadding, OptionalInt positionPadding) {}

    private static List<Parameter> parameters(BertVariant variant, Sizes sizes, Tables tables) {
        List<Parameter> list = new ArrayList<>();
        String base = variant.modelType() + ".";
        Block embeddings = new Block(list, base + "embeddings.", Parameter.SHARED);
        Shape vocabulary = new Shape(sizes.vocabulary(), sizes.width());
        embeddings.table("word_embeddings", vocabulary, tables.tokenPadding());
        Shape positions = new Shape(tables.positions(), sizes.width());
        embeddings.table("position_embeddings", positions, tables.positionPadding());
        if (tables.tokenTypes() > 0) {
            Shape types = new Shape(tables.tokenTypes(), sizes.width());
            embeddings.table(Architecture.TOKEN_TYPES, types, OptionalInt.empty());
        }
        // Of layer 0, so that it is differentiated with that layer: embeddings alone are done by hand.
        new Block(list, base + "embeddings.", 0).norm("LayerNorm", "embedding_norm", sizes.width());
        BertVariant.Names names = variant.names();
        for (int layer = 0; layer < sizes.layers(); layer++) {
            Block block = new Block(list, base + names.layers() + layer + ".", layer);
            for (int i = 0; i < ATTENTION.size(); i++) {
                block.map(names.attention().get(i), ATTENTION.get(i), sizes.width(), sizes.width());
            }
            block.norm(names.attentionNorm(), "attention_norm", sizes.width());
            block.map(names.up(), "up", sizes.feedForward(), sizes.width());
            block.map(names.down(), "down", sizes.width(), sizes.feedForward());
            block.norm(names.norm(), "output_norm", sizes.width());
        }
        head(variant, list, sizes.width(), tables.labels());
        return list;
    }

    private static void head(BertVariant variant, List<Parameter> list, int width, int labels) {
        Block head = new Block(list, "", Parameter.SHARED);
        switch (variant) {
            case BERT -> {
                head.map("bert.pooler.dense", "pooler", width, width);
                head.head("classifier", "classifier", labels, width);
            }
            case DISTILBERT -> {
                head.head("pre_classifier", "pre_classifier", width, width);
                head.head("classifier", "classifier", labels, width);
            }
            case ROBERTA -> {
                head.head("classifier.dense", "dense", width, width);
                head.head("classifier.out_proj", "classifier", labels, width);
            }
        }
    }

    /** The weights of a layer, or of what lies outside the layers. */
    private record Block(List<Parameter> list, String prefix, int layer) {
        void table(String key, Shape shape, OptionalInt padding) {
            list.add(new Parameter(prefix + key + ".weight", shape, layer, key, Kind.EMBEDDING).withPadding(padding));
        }

        void norm(String module, String key, int width) {
            add(module, key, new Shape(width), Kind.NORM);
        }

        void map(String module, String key, int output, int input) {
            add(module, key, new Shape(output, input), Kind.LINEAR);
        }

        void head(String module, String key, int output, int input) {
            add(module, key, new Shape(output, input), Kind.HEAD);
        }

        private void add(String module, String key, Shape shape, Kind kind) {
            list.add(new Parameter(prefix + module + ".weight", shape, layer, key, kind));
            list.add(
                    new Parameter(prefix + module + ".bias", new Shape(shape.get(0)), layer, key + ".bias", Kind.BIAS));
        }
    }
}
