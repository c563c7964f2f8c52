package dev.temper.spark.preparing;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.spark.LocalSpark;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.text.DataConfig;
import dev.temper.text.DataConfig.Packing;
import dev.temper.text.DataConfig.Source;
import dev.temper.text.DataConfig.TooLong;
import dev.temper.text.DataConfig.TrainOn;
import dev.temper.text.Format;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.zip.GZIPInputStream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** From a real CSV (byte order mark, quotes, line ends in fields) to the tokens that TRL 0.25.1 made of it. */
@Tag("spark")
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class PreparedDataAcceptanceTest {
    @TempDir
    Path folder;

    private final Path shared = Path.of(System.getProperty("temper.shared"));

    @Test
    void reviewsHaveTheTokensOfTrl() throws IOException {
        SparkSession spark = LocalSpark.session();
        HadoopStore store = HadoopStore.of(spark);
        DataConfig data = data(shared.resolve("fixtures/datasets/imdb/imdb_sample_1000.csv"));
        Preparation preparation = PlainText.preparation(
                store, data, shared.resolve("fixtures/tokenizers/gpt_neo").toString());
        PreparedData prepared = PreparedData.prepare(spark, data, 42, preparation, store.folder(folder.toString()));
        assertThat(prepared.rows()).isEqualTo(new RowCounts(1000, 1000, 0, Map.of()));
        List<PreparedRow> rows = new ArrayList<>();
        PreparedData.read(prepared.folder(), rows::add);
        ObjectMapper json = new ObjectMapper();
        try (BufferedReader golden = new BufferedReader(new InputStreamReader(
                new GZIPInputStream(Files.newInputStream(shared.resolve("golden/data/text_gpt_neo.jsonl.gz"))),
                StandardCharsets.UTF_8))) {
            for (String line = golden.readLine(); line != null; line = golden.readLine()) {
                JsonNode row = json.readTree(line);
                assertThat(rows.get(row.get("row").asInt()).tokens().inputIds())
                        .as("row %s", row.get("row"))
                        .isEqualTo(json.convertValue(row.get("input_ids"), int[].class));
            }
        }
    }

    private static DataConfig data(Path train) {
        return new DataConfig(
                List.of(Source.of(train.toString())),
                Optional.empty(),
                0,
                Format.TEXT,
                Map.of("text", List.of("text")),
                "\n",
                Optional.empty(),
                "none",
                Map.of(),
                Optional.empty(),
                TrainOn.COMPLETION,
                128,
                DataConfig.MAX_CHARACTERS,
                TooLong.TRUNCATE,
                Packing.NONE,
                0,
                OptionalLong.empty(),
                OptionalLong.empty(),
                Optional.empty(),
                "UTF-8",
                ",",
                true,
                Optional.empty());
    }
}
