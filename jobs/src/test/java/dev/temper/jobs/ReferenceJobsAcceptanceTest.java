package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.model.TinyModel;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeFile;
import dev.temper.spark.preparing.PreparedData;
import dev.temper.spark.preparing.PreparedRow;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.storage.LocalStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The real rows of the four reference jobs: all of them are prepared, and small models run to their end. */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class ReferenceJobsAcceptanceTest {
    private static final Path CONF = Path.of(System.getProperty("temper.root"), "conf");
    private static final Path FIXTURES = Path.of(System.getProperty("temper.shared", ""), "fixtures");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HadoopStore STORE = Jobs.store();

    @TempDir
    private Path folder;

    @Test
    void backstories() throws Exception {
        JsonNode manifest = prepare(
                CONF.resolve("backstories-tinystories.yaml"),
                "model.base=" + FIXTURES.resolve("tokenizers/gpt_neo"),
                "data.train=" + FIXTURES.resolve("datasets/dnd/characters_backstories_reconstructed.csv"));

        assertThat(manifest.at("/rows/in").asInt()).isEqualTo(2322);
        assertThat(manifest.at("/rows/trained").asInt()).isBetween(1800, 1900);
        assertNoneRejected(manifest);
    }

    @Test
    void yodaSentences() throws Exception {
        JsonNode manifest = prepare(
                CONF.resolve("yoda-phi3.yaml"),
                "model.base=" + FIXTURES.resolve("tokenizers/phi3_mini"),
                "data.train=" + FIXTURES.resolve("datasets/yoda/yoda_sentences.csv"));

        assertThat(manifest.at("/rows/trained").asInt()).isEqualTo(720);
        assertThat(manifest.at("/train/tokens").asInt()).isEqualTo(21801); // as TRL counts them
        assertThat(manifest.at("/train/trained").asInt()).isEqualTo(12023);
        assertNoneRejected(manifest);
    }

    @Test
    void filmReviews() throws Exception {
        JsonNode manifest = prepare(
                CONF.resolve("imdb-bert.yaml"),
                "model.base=" + FIXTURES.resolve("tokenizers/bert_base_uncased"),
                "data.train=" + FIXTURES.resolve("datasets/imdb/imdb_small.csv"));

        assertThat(manifest.at("/rows/trained").asInt()).isEqualTo(500);
        assertThat(manifest.at("/rows/evaluated").asInt()).isEqualTo(500);
        assertNoneRejected(manifest);
        List<PreparedRow> rows = new ArrayList<>();
        PreparedData.read(STORE.folder(prepared().toString()), rows::add);
        Map<String, Long> counts = rows.stream()
                .map(row -> row.split() + " " + row.label()[0])
                .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
        assertThat(counts).isEqualTo(Map.of("TRAIN 0", 250L, "TRAIN 1", 250L, "EVAL 0", 250L, "EVAL 1", 250L));
    }

    @Test
    void sarcasmRunsToItsEnd() throws Exception {
        Path base = folder.resolve("base");
        TinyModel.weights(
                        base,
                        """
                        {"model_type": "llama", "vocab_size": 128256, "hidden_size": 32, "num_hidden_layers": 2,
                         "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 64,
                         "max_position_embeddings": 2048, "rope_theta": 500000.0, "tie_word_embeddings": true}
                        """)
                .write(base.resolve("model.safetensors"));
        for (String file : List.of("tokenizer.json", "tokenizer_config.json")) {
            Files.copy(FIXTURES.resolve("tokenizers/llama3").resolve(file), base.resolve(file));
        }
        Path output = folder.resolve("output");
        Recipe recipe = RecipeFile.read(
                new LocalStore(),
                CONF.resolve("sarcasm-llama.yaml").toString(),
                List.of(
                        "model.base=" + base,
                        "data.train=" + FIXTURES.resolve("datasets/sarcasm/sarcasm.csv"),
                        "generation.max_new_tokens=5",
                        "output=" + output));

        Jobs.run(recipe, List.of("test", "commit"));

        JsonNode manifest = JSON.readTree(output.resolve("manifest.json").toFile());
        assertThat(manifest.path("status").asText()).isEqualTo("finished");
        assertThat(manifest.at("/rows/in").asInt()).isEqualTo(199);
        assertNoneRejected(manifest);
        int perEpoch = (manifest.at("/rows/trained").asInt() + 1) / 2;
        assertThat(manifest.path("steps").asInt()).isEqualTo(2 * perEpoch);
        assertThat(names(output.resolve("checkpoints"))).containsExactly("step-00000150");
        assertThat(names(output.resolve("model"))).contains("model.safetensors", "tokenizer.json");
        assertThat(Files.readString(output.resolve("run.yaml"))).contains("date: \"2024-07-26\"");
    }

    @Test
    void filmReviewsAreClassified() throws Exception {
        Path base = folder.resolve("base");
        TinyModel.weights(
                        base,
                        """
                        {"model_type": "bert", "architectures": ["BertForSequenceClassification"], "vocab_size": 30522,
                         "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64,
                         "max_position_embeddings": 512, "hidden_dropout_prob": 0.0,
                         "attention_probs_dropout_prob": 0.0}
                        """)
                .write(base.resolve("model.safetensors"));
        for (String file : List.of("tokenizer.json", "tokenizer_config.json")) {
            Files.copy(FIXTURES.resolve("tokenizers/bert_base_uncased").resolve(file), base.resolve(file));
        }
        Path output = folder.resolve("output");
        Recipe recipe = RecipeFile.read(
                new LocalStore(),
                CONF.resolve("imdb-bert.yaml").toString(),
                List.of(
                        "model.base=" + base,
                        "data.train=" + FIXTURES.resolve("datasets/imdb/imdb_small.csv"),
                        "data.max_train_rows=40",
                        "data.max_eval_rows=20",
                        "output=" + output));

        Jobs.run(recipe, List.of("test", "commit"));

        JsonNode manifest = JSON.readTree(output.resolve("manifest.json").toFile());
        assertThat(manifest.path("steps").asInt()).isEqualTo(6);
        assertThat(manifest.at("/scores/accuracy").asDouble())
                .isEqualTo(manifest.at("/best/value").asDouble());
        assertThat(names(output.resolve("evaluation")))
                .contains("predictions.csv", "confusion_matrix.png", "roc_curve.png", "per_class");
        assertThat(names(output.resolve("model"))).contains("model.safetensors", "tokenizer.json", "README.md");
    }

    /** The report warns when dense matrices are kept. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void yodaIsTrainedInFourBits(boolean checkpointing) throws Exception {
        Path base = folder.resolve("base");
        TinyModel.weights(
                        base,
                        """
                        {"model_type": "phi3", "vocab_size": 32064, "hidden_size": 32, "num_hidden_layers": 2,
                         "num_attention_heads": 4, "num_key_value_heads": 4, "intermediate_size": 64,
                         "max_position_embeddings": 4096, "sliding_window": 2047}
                        """)
                .write(base.resolve("model.safetensors"));
        for (String file : List.of("tokenizer.json", "tokenizer_config.json")) {
            Files.copy(FIXTURES.resolve("tokenizers/phi3_mini").resolve(file), base.resolve(file));
        }
        Path output = folder.resolve("output");
        Recipe recipe = RecipeFile.read(
                new LocalStore(),
                CONF.resolve("yoda-phi3.yaml").toString(),
                List.of(
                        "model.base=" + base,
                        "data.train=" + FIXTURES.resolve("datasets/yoda/yoda_sentences.csv"),
                        "data.max_train_rows=100",
                        "training.num_train_epochs=1",
                        "training.logging_steps=1",
                        "training.gradient_checkpointing=" + checkpointing,
                        "generation.max_new_tokens=5",
                        "output=" + output));

        Jobs.run(recipe, List.of("test", "commit"));

        JsonNode manifest = JSON.readTree(output.resolve("manifest.json").toFile());
        assertThat(manifest.path("status").asText()).isEqualTo("finished");
        assertThat(manifest.at("/rows/trained").asInt()).isEqualTo(100);
        assertThat(manifest.path("steps").asInt()).isEqualTo(3); // 16 times 64 tokens each
        assertThat(names(output.resolve("adapter")))
                .contains("adapter_config.json", "adapter_model.safetensors", "tokenizer.json", "README.md");
        assertThat(Files.readString(output.resolve("report.html")).contains("keeps its dense matrices"))
                .isEqualTo(!checkpointing);
        JsonNode adapter =
                JSON.readTree(output.resolve("adapter/adapter_config.json").toFile());
        assertThat(adapter.path("r").asInt()).isEqualTo(8);
        assertThat(adapter.path("lora_dropout").asDouble()).isEqualTo(0.05);
        assertThat(Files.readString(output.resolve("run.yaml")))
                .contains("double_quant: true", "optim: \"adamw_8bit\"");
    }

    private static void assertNoneRejected(JsonNode manifest) {
        assertThat(manifest.at("/rows/rejected")).isEmpty();
    }

    /** Runs {@code temper prepare} and reads its manifest. */
    private JsonNode prepare(Path file, String... overrides) throws Exception {
        List<String> all = new ArrayList<>(List.of(overrides));
        all.add("output=" + folder.resolve("output"));
        Jobs.prepare(STORE, RecipeFile.read(new LocalStore(), file.toString(), all));
        return JSON.readTree(prepared().resolve("MANIFEST.json").toFile());
    }

    private Path prepared() throws IOException {
        Path all = folder.resolve("output/prepared");
        return all.resolve(names(all).get(0));
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }
}
