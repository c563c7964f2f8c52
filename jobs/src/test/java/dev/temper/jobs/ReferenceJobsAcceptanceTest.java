package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.model.TinyModel;
import dev.temper.spark.HadoopStore;
import dev.temper.spark.PreparedData;
import dev.temper.spark.PreparedRow;
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

/** The real rows of the four reference jobs: all of them are prepared, and the sarcasm job runs to its end. */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class ReferenceJobsAcceptanceTest {
    private static final Path CONF = Path.of(System.getProperty("temper.root"), "conf");
    private static final Path FIXTURES = Path.of(System.getProperty("temper.shared", ""), "fixtures");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HadoopStore STORE = RunJob.store();

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
                recipe(
                        """
                        data:
                          columns: {prompt: sentence, completion: translation_extra}
                          max_length: 64
                          packing: wrapped
                        """),
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
                recipe(
                        """
                        data:
                          format: classification
                          eval_fraction: 0.5
                          max_train_rows: 500
                          max_eval_rows: 500
                          balance_by: label
                          max_length: 512
                        model:
                          task: sequence_classification
                          labels: [Negative, Positive]
                        """),
                "model.base=" + FIXTURES.resolve("tokenizers/bert_base_uncased"),
                "data.train=" + FIXTURES.resolve("datasets/imdb/imdb_small.csv"));

        assertThat(manifest.at("/rows/trained").asInt()).isEqualTo(500);
        assertThat(manifest.at("/rows/evaluated").asInt()).isEqualTo(500);
        assertNoneRejected(manifest);
        List<PreparedRow> rows = new ArrayList<>();
        PreparedData.read(STORE.folder(prepared().toString()), rows::add);
        Map<String, Long> counts = rows.stream()
                .map(row -> row.split() + " " + row.label().getAsInt())
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
        Recipe recipe = Recipe.read(
                new LocalStore(),
                CONF.resolve("sarcasm-llama.yaml").toString(),
                List.of(
                        "model.base=" + base,
                        "data.train=" + FIXTURES.resolve("datasets/sarcasm/sarcasm.csv"),
                        "generation.max_new_tokens=5",
                        "output=" + output));

        RunJob.run(recipe, List.of("test", "commit"));

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

    private static void assertNoneRejected(JsonNode manifest) {
        assertThat(manifest.at("/rows/rejected")).isEmpty();
    }

    private Path recipe(String text) throws IOException {
        return Files.writeString(folder.resolve("job.yaml"), text);
    }

    /** Runs {@code temper prepare} and reads its manifest. */
    private JsonNode prepare(Path file, String... overrides) throws Exception {
        List<String> all = new ArrayList<>(List.of(overrides));
        all.add("output=" + folder.resolve("output"));
        PrepareJob.run(STORE, Recipe.read(new LocalStore(), file.toString(), all));
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
