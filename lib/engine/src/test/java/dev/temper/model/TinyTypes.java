package dev.temper.model;

import dev.temper.safetensors.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A tiny model for each model type that {@link Families} knows. */
public final class TinyTypes {
    private static final Map<String, String> CONFIGS = Stream.of(
                    TinyModel.LLAMA.config(),
                    TinyModel.MISTRAL.config(),
                    TinyModel.MISTRAL.config().replace("\"mistral\"", "\"qwen2\""),
                    TinyModel.QWEN3.config(),
                    TinyModel.PHI3.config(),
                    TinyModel.GEMMA2.config(),
                    TinyModel.GEMMA3.config(),
                    TinyModel.GPT2.config(),
                    TinyModel.GPT_NEO.config(),
                    TinyClassifier.BERT.config(),
                    TinyClassifier.DISTILBERT.config(),
                    TinyClassifier.ROBERTA.config())
            .collect(Collectors.toMap(
                    config -> config.replaceAll("(?s).*\"model_type\": \"(\\w+)\".*", "$1"), config -> config));

    /** Of the hidden states and of the feed-forward layers. */
    private static final Pattern WIDTH =
            Pattern.compile("(\"(?:hidden_size|intermediate_size|n_embd|n_inner|dim|hidden_dim)\": )(\\d+)");

    private TinyTypes() {}

    /** All types, so that a test of each fails for a new one that has no tiny model here. */
    public static Stream<Families.Known> all() {
        return Families.known().stream().filter(known -> known.inside().isEmpty());
    }

    /** Writes its config.json, and returns random weights that belong to it. */
    public static SafetensorsFile weights(Path folder, Families.Known type) throws IOException {
        return TinyModel.weights(folder, config(type));
    }

    private static String config(Families.Known type) {
        String config = CONFIGS.get(type.modelType());
        if (config == null) {
            throw new AssertionError("add a tiny config.json of a " + type.modelType() + " model to TinyTypes");
        }
        return config;
    }

    /** As {@link #weights}, of a model wide enough that its matrices are nearly all of it: 8 times as wide. */
    public static SafetensorsFile wide(Path folder, Families.Known type) throws IOException {
        String wide =
                WIDTH.matcher(config(type)).replaceAll(width -> width.group(1) + 8 * Integer.parseInt(width.group(2)));
        return TinyModel.weights(folder, wide);
    }
}
