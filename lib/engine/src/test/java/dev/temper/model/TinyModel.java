package dev.temper.model;

import ai.djl.ndarray.types.Shape;
import dev.temper.model.LabelledStream.Row;
import dev.temper.safetensors.SafetensorsFile;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Model folders with random weights, written in milliseconds; all their widths differ, so that a mix-up shows. */
public enum TinyModel {
    LLAMA(
            """
            {"model_type": "llama", "vocab_size": 31, "hidden_size": 12, "num_hidden_layers": 3,
             "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 10, "intermediate_size": 28,
             "max_position_embeddings": 40, "rope_theta": 500.0}
            """),
    LLAMA_TIED_WITH_BIASES(
            """
            {"model_type": "llama", "vocab_size": 31, "hidden_size": 12, "num_hidden_layers": 2,
             "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 10, "intermediate_size": 28,
             "max_position_embeddings": 40, "tie_word_embeddings": true, "attention_bias": true, "mlp_bias": true}
            """),
    MISTRAL(
            """
            {"model_type": "mistral", "vocab_size": 31, "hidden_size": 12, "num_hidden_layers": 2,
             "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 10, "intermediate_size": 28,
             "max_position_embeddings": 40, "sliding_window": 5}
            """),
    QWEN3(
            """
            {"model_type": "qwen3", "vocab_size": 31, "hidden_size": 12, "num_hidden_layers": 2,
             "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 10, "intermediate_size": 28,
             "max_position_embeddings": 40, "use_sliding_window": true, "sliding_window": 5, "max_window_layers": 1}
            """),
    PHI3(
            """
            {"model_type": "phi3", "vocab_size": 31, "hidden_size": 24, "num_hidden_layers": 2,
             "num_attention_heads": 3, "num_key_value_heads": 1, "intermediate_size": 28,
             "max_position_embeddings": 40, "partial_rotary_factor": 0.75, "pad_token_id": null}
            """),
    GEMMA2(
            """
            {"model_type": "gemma2", "vocab_size": 31, "hidden_size": 12, "num_hidden_layers": 2,
             "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 10, "intermediate_size": 28,
             "max_position_embeddings": 40, "query_pre_attn_scalar": 7, "sliding_window": 5,
             "attn_logit_softcapping": 4.0, "final_logit_softcapping": 3.0, "pad_token_id": null}
            """),
    GEMMA3(
            """
            {"model_type": "gemma3_text", "vocab_size": 31, "hidden_size": 12, "num_hidden_layers": 2,
             "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 10, "intermediate_size": 28,
             "max_position_embeddings": 40, "query_pre_attn_scalar": 7, "sliding_window": 5,
             "sliding_window_pattern": 2, "rope_local_base_freq": 50.0,
             "rope_scaling": {"rope_type": "linear", "factor": 4.0}, "pad_token_id": null}
            """),
    GPT2(
            """
            {"model_type": "gpt2", "vocab_size": 31, "n_embd": 15, "n_layer": 2, "n_head": 3, "n_inner": 28,
             "n_positions": 40, "embd_pdrop": 0.0, "attn_pdrop": 0.0, "resid_pdrop": 0.0}
            """),
    GPT_NEO(
            """
            {"model_type": "gpt_neo", "vocab_size": 31, "hidden_size": 15, "num_layers": 2, "num_heads": 3,
             "intermediate_size": 28, "max_position_embeddings": 40, "window_size": 4,
             "attention_types": [[["global", "local"], 1]]}
            """);

    public static final int VOCABULARY = 31;
    private static final long SEED = 1201;

    private final String config;

    TinyModel(String config) {
        this.config = config;
    }

    /** Its config.json. */
    public String config() {
        return config;
    }

    /** Names of two of its projections, sorted. */
    public List<String> targets() {
        return switch (this) {
            case GPT2 -> List.of("c_attn", "c_proj");
            case PHI3 -> List.of("o_proj", "qkv_proj");
            default -> List.of("q_proj", "v_proj");
        };
    }

    /** Writes config.json and model.safetensors. */
    public Path write(Path folder) throws IOException {
        weights(folder).write(folder.resolve("model.safetensors"));
        return folder;
    }

    /** Writes config.json alone, and returns the weights that belong to it. */
    public SafetensorsFile weights(Path folder) throws IOException {
        return weights(folder, config);
    }

    /** Writes a config.json alone, and returns random weights that belong to it. */
    public static SafetensorsFile weights(Path folder, String config) throws IOException {
        Files.createDirectories(folder);
        Files.writeString(folder.resolve("config.json"), config);
        Random random = new Random(SEED);
        SafetensorsFile file = new SafetensorsFile();
        for (Parameter parameter : Architecture.read(Folder.local(folder)).parameters()) {
            file.add(parameter.name(), parameter.shape().getShape(), values(parameter, random));
        }
        return file;
    }

    private static float[] values(Parameter parameter, Random random) {
        Shape shape = parameter.shape();
        float[] values = new float[Math.toIntExact(shape.size())];
        for (int i = 0; i < values.length; i++) {
            double gaussian = random.nextGaussian();
            values[i] = (float)
                    switch (parameter.kind()) {
                        case NORM -> 1 + 0.2 * gaussian;
                        case BIAS -> 0.15 * gaussian;
                        case EMBEDDING, LINEAR, CONV1D, HEAD -> 0.25 * gaussian;
                    };
        }
        return values;
    }

    /** Rows of different lengths, from 2 tokens on; about a third of the tokens are not learned. */
    public static List<Row> rows(int count) {
        Random random = new Random(SEED + 1);
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int[] ids = random.ints(2 + random.nextInt(12), 0, VOCABULARY).toArray();
            boolean[] trained = new boolean[ids.length];
            for (int k = 1; k < ids.length; k++) {
                trained[k] = k + 1 == ids.length || random.nextInt(3) > 0;
            }
            rows.add(new Row(ids, trained, SplitMix.mix(i)));
        }
        return rows;
    }
}
