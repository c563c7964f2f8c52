package dev.temper.model.bert;

import static dev.temper.check.Check.check;

import dev.temper.model.ConfigFields;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;

/**
 * A {@code model_type} of the BERT family: what its fields and weights are called, its defaults, and its head.
 *
 * @see <a href="https://github.com/huggingface/transformers/tree/main/src/transformers/models">configuration
 *     classes</a>
 */
enum BertVariant {
    BERT("Bert", 30522, 0),
    DISTILBERT("DistilBert", 30522, 0),
    ROBERTA("Roberta", 50265, 1);

    private static final double DROPOUT = 0.1;
    private static final double DISTILBERT_CLASSIFIER_DROPOUT = 0.2;
    private static final double EPS = 1e-12;

    private final String className;
    private final int vocabulary;
    private final int padToken;

    BertVariant(String className, int vocabulary, int padToken) {
        this.className = className;
        this.vocabulary = vocabulary;
        this.padToken = padToken;
    }

    static BertVariant of(String modelType) {
        return valueOf(modelType.toUpperCase(Locale.ROOT));
    }

    String modelType() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** What its classes in transformers begin with. */
    String className() {
        return className;
    }

    boolean isDistilled() {
        return this == DISTILBERT;
    }

    /** The name of a field that DistilBERT calls in another way. */
    private String field(String usual, String distilled) {
        return isDistilled() ? distilled : usual;
    }

    int vocabulary(ConfigFields config) {
        return config.integer("vocab_size", vocabulary);
    }

    int width(ConfigFields config) {
        return config.integer(field("hidden_size", "dim"), 768);
    }

    int layers(ConfigFields config) {
        return config.integer(field("num_hidden_layers", "n_layers"), isDistilled() ? 6 : 12);
    }

    int heads(ConfigFields config) {
        return config.integer(field("num_attention_heads", "n_heads"), 12);
    }

    int feedForward(ConfigFields config) {
        return config.integer(field("intermediate_size", "hidden_dim"), 3072);
    }

    double eps(ConfigFields config) {
        return isDistilled() ? EPS : config.number("layer_norm_eps", EPS);
    }

    /** How many kinds of tokens there are; 0 when the model does not tell them apart. */
    int tokenTypes(ConfigFields config) {
        return isDistilled() ? 0 : config.integer("type_vocab_size", 2);
    }

    /**
     * The token whose positions do not count, which are those before the first: RoBERTa's texts begin at its id + 1. -1
     * when every token counts, from 0 on.
     */
    int padding(ConfigFields config) {
        if (this != ROBERTA) {
            return -1;
        }
        boolean isNull = !config.isMissing("pad_token_id") && !config.has("pad_token_id");
        int padding = config.integer("pad_token_id", padToken);
        check(
                !isNull && padding >= -1,
                "%s: pad_token_id: %s, but RoBERTa counts its positions from there: write its number, %d usually",
                config.location(),
                isNull ? null : padding,
                padToken);
        return padding;
    }

    /** The token whose embedding learns nothing from being looked up. */
    OptionalInt tokenPadding(ConfigFields config, int vocabulary) {
        return config.paddingRow(vocabulary, OptionalInt.of(padToken));
    }

    /** The same of RoBERTa's table of positions, where padding has a row, too. */
    OptionalInt positionPadding(ConfigFields config, int rows) {
        return this == ROBERTA ? config.paddingRow(rows, OptionalInt.of(padToken)) : OptionalInt.empty();
    }

    /** Fields of which we compute one value, or that change nothing. */
    void checkFields(ConfigFields config) {
        config.only(field("hidden_act", "activation"), "gelu");
        config.only("position_embedding_type", "absolute");
        config.only("is_decoder", false);
        config.ignore(
                "directionality", // of the first release, like the poolers' fields
                isDistilled() ? "hidden_act" : "activation", // the other one counts
                "output_past",
                "pooler_fc_size",
                "pooler_num_attention_heads",
                "pooler_num_fc_layers",
                "pooler_size_per_head",
                "pooler_type",
                "qa_dropout", // of another head
                "sinusoidal_pos_embds", // how positions start; their weights are in the file
                "tie_weights_", // of the head that is not used, like the next
                "tie_word_embeddings");
    }

    /** What is dropped out while training. */
    Dropouts dropouts(ConfigFields config) {
        double hidden = config.fraction(field("hidden_dropout_prob", "dropout"), DROPOUT);
        double attention = config.fraction(field("attention_probs_dropout_prob", "attention_dropout"), DROPOUT);
        double classifier = isDistilled()
                ? config.fraction("seq_classif_dropout", DISTILBERT_CLASSIFIER_DROPOUT)
                : config.fraction("classifier_dropout", hidden);
        return new Dropouts(hidden, attention, classifier);
    }

    /** Chances of hidden states, of attention and before the classifier. */
    record Dropouts(double hidden, double attention, double classifier) {}

    /** Where a layer's modules lie in the file. */
    Names names() {
        return isDistilled()
                ? new Names(
                        "transformer.layer.",
                        List.of("attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin"),
                        "sa_layer_norm",
                        "ffn.lin1",
                        "ffn.lin2",
                        "output_layer_norm")
                : new Names(
                        "encoder.layer.",
                        List.of(
                                "attention.self.query",
                                "attention.self.key",
                                "attention.self.value",
                                "attention.output.dense"),
                        "attention.output.LayerNorm",
                        "intermediate.dense",
                        "output.dense",
                        "output.LayerNorm");
    }

    /**
     * Names of modules.
     *
     * @param attention queries, keys, values, output
     */
    record Names(String layers, List<String> attention, String attentionNorm, String up, String down, String norm) {}

    /** Names of what transformers adds to the base. */
    List<String> headModules() {
        return isDistilled() ? List.of("pre_classifier", "classifier") : List.of("classifier");
    }

    /** Tensors of other heads, of pretraining for instance, that published files carry. */
    List<String> ignored() {
        String base = modelType() + "\\.";
        String others =
                switch (this) {
                    case BERT -> "cls\\..*";
                    case DISTILBERT -> "vocab_(transform|layer_norm|projector)\\..*";
                    case ROBERTA -> "(lm_head|" + base + "pooler)\\..*";
                };
        return List.of(base + "embeddings\\.position_ids", "qa_outputs\\..*", others);
    }
}
