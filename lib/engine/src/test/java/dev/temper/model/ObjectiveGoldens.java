package dev.temper.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.StreamSupport;

/**
 * What transformers makes of tiny models for whole texts: lib/bench/clients/objectives.py wrote it, and says what it
 * is.
 */
public final class ObjectiveGoldens {
    private static final List<String> FILES =
            List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json");

    private ObjectiveGoldens() {}

    /** Puts the folder of the model before its training there. */
    public static Path model(String name, Path folder) throws IOException {
        Files.createDirectories(folder);
        for (String file : FILES) {
            try (InputStream in = open(name + "/model/" + file)) {
                Files.copy(in, folder.resolve(file));
            }
        }
        return folder;
    }

    /** Rows, steps and logits. */
    public static JsonNode golden(String name) throws IOException {
        try (InputStream in = open(name + "/golden.json")) {
            return new ObjectMapper().readTree(in);
        }
    }

    /** A row, from one of the list "rows". */
    public static ClassifiedStream.Row row(JsonNode row) {
        double[] target = doubles(row.path("target"));
        float[] floats = new float[target.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) target[i];
        }
        return new ClassifiedStream.Row(
                GoldenModels.ints(row.path("input_ids")), GoldenModels.ints(row.path("token_type_ids")), floats, 1, 0);
    }

    public static double[] doubles(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false)
                .mapToDouble(JsonNode::asDouble)
                .toArray();
    }

    private static InputStream open(String file) {
        return ObjectiveGoldens.class.getResourceAsStream("/objectives/" + file);
    }
}
