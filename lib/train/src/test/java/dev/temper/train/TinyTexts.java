package dev.temper.train;

import dev.temper.model.TinyModel;
import dev.temper.train.config.ClassWeights;
import dev.temper.train.objective.ClassifiedRows;
import dev.temper.train.objective.HeadRows;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Short texts of two classes, and a model with random weights that classifies them. */
final class TinyTexts {
    static final List<String> LABELS = List.of("low", "high");

    private static final String CONFIG =
            """
            {"architectures": ["LlamaForSequenceClassification"], "model_type": "llama", "vocab_size": 31,
             "hidden_size": 12, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
             "head_dim": 10, "intermediate_size": 28, "max_position_embeddings": 40,
             "id2label": {"0": "low", "1": "high"}}
            """;

    private TinyTexts() {}

    static void writeModel(Path folder) throws IOException {
        TinyModel.weights(folder, CONFIG).write(folder.resolve("model.safetensors"));
    }

    /** A text is high when its last token is one of the larger half. */
    static List<HeadRows.Row> rows(int count) {
        return TinyModel.rows(count).stream()
                .map(row -> row.ids())
                .map(ids -> new HeadRows.Row(ids, ids[ids.length - 1] > TinyModel.VOCABULARY / 2 ? 1 : 0))
                .toList();
    }

    static ClassifiedRows all(int train, int eval, Object classWeights) {
        List<HeadRows.Row> rows = rows(train + eval);
        return ClassifiedRows.of(
                rows.subList(0, train), rows.subList(train, train + eval), LABELS, ClassWeights.of(classWeights));
    }
}
