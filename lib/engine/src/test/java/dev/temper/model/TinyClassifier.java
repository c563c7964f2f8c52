package dev.temper.model;

import dev.temper.safetensors.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** As {@link TinyModel}, folders of models that classify, or give a number. */
public enum TinyClassifier {
    BERT(
            """
            {"architectures": ["BertForSequenceClassification"], "model_type": "bert", "vocab_size": 31,
             "hidden_size": 15, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 28,
             "max_position_embeddings": 40, "id2label": {"0": "bad", "1": "good", "2": "fine"},
             "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "classifier_dropout": 0.0}
            """),
    BERT_REGRESSION(
            """
            {"architectures": ["BertForSequenceClassification"], "model_type": "bert", "vocab_size": 31,
             "hidden_size": 15, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 28,
             "max_position_embeddings": 40, "id2label": {"0": "LABEL_0"}, "problem_type": "regression",
             "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
            """),
    DISTILBERT(
            """
            {"architectures": ["DistilBertForSequenceClassification"], "model_type": "distilbert", "vocab_size": 31,
             "dim": 15, "n_layers": 2, "n_heads": 3, "hidden_dim": 28, "max_position_embeddings": 40,
             "dropout": 0.0, "attention_dropout": 0.0, "seq_classif_dropout": 0.0}
            """),
    ROBERTA(
            """
            {"architectures": ["RobertaForSequenceClassification"], "model_type": "roberta", "vocab_size": 31,
             "hidden_size": 15, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 28,
             "max_position_embeddings": 42, "type_vocab_size": 1, "pad_token_id": 1,
             "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "classifier_dropout": 0.0}
            """),
    GPT2(
            """
            {"architectures": ["GPT2ForSequenceClassification"], "model_type": "gpt2", "vocab_size": 31,
             "n_embd": 15, "n_layer": 2, "n_head": 3, "n_inner": 28, "n_positions": 40, "pad_token_id": 5,
             "embd_pdrop": 0.0, "attn_pdrop": 0.0, "resid_pdrop": 0.0}
            """),
    GPT_NEO(
            """
            {"architectures": ["GPTNeoForSequenceClassification"], "model_type": "gpt_neo", "vocab_size": 31,
             "hidden_size": 15, "num_layers": 2, "num_heads": 3, "intermediate_size": 28,
             "max_position_embeddings": 40, "window_size": 4, "attention_types": [[["global", "local"], 1]]}
            """),
    LLAMA(
            """
            {"architectures": ["LlamaForSequenceClassification"], "model_type": "llama", "vocab_size": 31,
             "hidden_size": 12, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
             "head_dim": 10, "intermediate_size": 28, "max_position_embeddings": 40, "rope_theta": 500.0,
             "id2label": {"0": "bad", "1": "good", "2": "fine"}, "pad_token_id": 5}
            """),
    PHI3(
            """
            {"architectures": ["Phi3ForSequenceClassification"], "model_type": "phi3", "vocab_size": 31,
             "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3, "num_key_value_heads": 1,
             "intermediate_size": 28, "max_position_embeddings": 40, "partial_rotary_factor": 0.75,
             "pad_token_id": 5}
            """);

    private static final long SEED = 1301;

    private final String config;

    TinyClassifier(String config) {
        this.config = config;
    }

    /** Its config.json. */
    public String config() {
        return config;
    }

    /** Its config.json, with dropout wherever the model can have it. */
    public String configWithDropout() {
        return config.replaceAll("(\"[a-z_]*(dropout|pdrop)[a-z_]*\"): 0\\.0", "$1: 0.25");
    }

    /** Names of two of its projections, sorted. */
    public List<String> targets() {
        return switch (this) {
            case BERT, BERT_REGRESSION, ROBERTA -> List.of("dense", "query");
            case DISTILBERT -> List.of("lin2", "q_lin");
            case GPT2 -> List.of("c_attn", "c_proj");
            case PHI3 -> List.of("o_proj", "qkv_proj");
            case GPT_NEO, LLAMA -> List.of("q_proj", "v_proj");
        };
    }

    /** Writes config.json and model.safetensors. */
    public Path write(Path folder) throws IOException {
        weights(folder).write(folder.resolve("model.safetensors"));
        return folder;
    }

    /** Writes config.json alone, and returns the weights that belong to it. */
    public SafetensorsFile weights(Path folder) throws IOException {
        return TinyModel.weights(folder, config);
    }

    /** Rows of different lengths, from one token on, with targets that every head has; some count twice. */
    public static List<ClassifiedStream.Row> rows(int count) {
        Random random = new Random(SEED);
        List<ClassifiedStream.Row> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int[] ids =
                    random.ints(1 + random.nextInt(12), 0, TinyModel.VOCABULARY).toArray();
            rows.add(new ClassifiedStream.Row(ids, i % 2, 1 + i % 3 / 2, SplitMix.mix(i)));
        }
        return rows;
    }
}
