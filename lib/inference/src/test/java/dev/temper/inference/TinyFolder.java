package dev.temper.inference;

import dev.temper.adapter.LoraAdapter;
import dev.temper.adapter.LoraConfig;
import dev.temper.kernel.Workspace;
import dev.temper.model.Network;
import dev.temper.model.TinyModel;
import dev.temper.model.TrainedParameters;
import dev.temper.storage.Folder;
import dev.temper.text.TinyTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Folders of models with random weights and a byte-level tokenizer. */
public final class TinyFolder {
    public static final List<String> LABELS = List.of("sad", "glad", "calm");
    public static final int POSITIONS = 40;

    private static final String GENERATOR =
            """
            {"model_type": "llama", "vocab_size": 260, "hidden_size": 12, "num_hidden_layers": 2,
             "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 10, "intermediate_size": 28,
             "max_position_embeddings": 40}
            """;
    private static final String CLASSIFIER =
            """
            {"model_type": "gpt2", "vocab_size": 260, "n_embd": 15, "n_layer": 2, "n_head": 3, "n_inner": 28,
             "n_positions": 40, "embd_pdrop": 0.0, "attn_pdrop": 0.0, "resid_pdrop": 0.0,
             "architectures": ["GPT2ForSequenceClassification"],
             "id2label": {"0": "sad", "1": "glad", "2": "calm"}}
            """;

    private TinyFolder() {}

    /** A Llama that continues texts; no token ends one. */
    public static Path generator(Path folder) throws IOException {
        return write(folder, GENERATOR, "{\"bos_token\": \"<s>\", \"eos_token\": null}");
    }

    /** The same with another config.json. */
    public static Path generator(Path folder, String from, String to) throws IOException {
        return write(folder, GENERATOR.replace(from, to), "{\"bos_token\": \"<s>\", \"eos_token\": null}");
    }

    /** A GPT-2 with three classes. */
    public static Path classifier(Path folder) throws IOException {
        return write(folder, CLASSIFIER, "{\"bos_token\": \"<s>\", \"eos_token\": \"</s>\"}");
    }

    /** The same with another config.json. */
    public static Path classifier(Path folder, String from, String to) throws IOException {
        return write(folder, CLASSIFIER.replace(from, to), "{}");
    }

    /** An adapter over a generator, which changes what it says. */
    public static Path adapter(Path base) throws IOException {
        Path adapter = base.resolve("adapter");
        try (Workspace workspace = Workspace.open(1);
                Network network = Network.open(workspace, base)) {
            LoraConfig config = new LoraConfig(
                    "lora",
                    4,
                    64,
                    0,
                    List.of("q_proj", "down_proj"),
                    List.of(),
                    List.of(),
                    Map.of(),
                    Map.of(),
                    false,
                    false,
                    List.of(),
                    false, // so that it changes something
                    List.of(),
                    Optional.empty());
            TrainedParameters parameters =
                    new TrainedParameters(workspace, LoraAdapter.specs(config, network.architecture()));
            LoraAdapter fresh = LoraAdapter.create(config, network, parameters, 3);
            fresh.save(Folder.local(adapter), "base");
        }
        return adapter;
    }

    private static Path write(Path folder, String config, String tokenizer) throws IOException {
        TinyModel.weights(folder, config).write(folder.resolve("model.safetensors"));
        return TinyTokenizer.write(folder, tokenizer);
    }
}
