package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeFile;
import dev.temper.storage.LocalStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * The recipe of the TinyStories job with a real pretrained Llama of 260 thousand parameters on real backstories: a part
 * of the rows. All of them, and a model of TinyStories' own size, take minutes: docs/real-input.md.
 */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class RealInputAcceptanceTest {
    private static final Path ROOT = Path.of(System.getProperty("temper.root"));
    private static final Path FIXTURES = Path.of(System.getProperty("temper.shared", ""), "fixtures");

    @TempDir
    private Path folder;

    @Test
    void backstoriesLowerTheLossAndAllFilesAreWritten() throws Exception {
        Path output = folder.resolve("output");
        Recipe recipe = RecipeFile.read(
                new LocalStore(),
                ROOT.resolve("conf/backstories-tinystories.yaml").toString(),
                List.of(
                        "model.base=" + FIXTURES.resolve("models/stories260K"),
                        "data.train=" + FIXTURES.resolve("datasets/dnd/characters_backstories_reconstructed.csv"),
                        "data.max_train_rows=240",
                        "data.max_eval_rows=40",
                        "generation.max_new_tokens=10",
                        "output=" + output));

        Jobs.run(recipe, List.of("test", "commit"));

        JsonNode manifest =
                new ObjectMapper().readTree(output.resolve("manifest.json").toFile());
        assertThat(manifest.path("status").asText()).isEqualTo("finished");
        assertThat(manifest.path("rows").toString())
                .isEqualTo("{\"in\":280,\"trained\":240,\"evaluated\":40,\"rejected\":{}}");
        assertThat(manifest.path("steps").asInt()).isEqualTo(30);
        assertThat(manifest.at("/loss/before").asDouble()).isBetween(3.9, 4.5);
        assertThat(manifest.at("/loss/after").asDouble()).isBetween(1.0, 2.6);
        assertThat(names(output))
                .contains("evaluation", "manifest.json", "metrics", "model", "prepared", "rejected", "run.yaml");
        assertThat(names(output.resolve("model")))
                .contains("config.json", "generation_config.json", "model.safetensors", "tokenizer.json");
        try (SparkSession spark = SparkSession.builder()
                .master("local[1]")
                .config("spark.ui.enabled", false)
                .getOrCreate()) {
            assertThat(counts(spark, output.resolve("metrics"), "name"))
                    .contains("eval/loss 2", "train/loss 30", "train/learning_rate 30");
            assertThat(counts(spark, output.resolve("evaluation/generations"), "step"))
                    .containsExactly("0 3", "30 3");
            assertThat(spark.read()
                            .parquet(output.resolve("rejected").toString())
                            .count())
                    .isZero();
        }
    }

    private static List<String> counts(SparkSession spark, Path table, String column) {
        return spark.read().parquet(table.toString()).groupBy(column).count().orderBy(column).collectAsList().stream()
                .map((Row row) -> row.get(0) + " " + row.get(1))
                .toList();
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }
}
