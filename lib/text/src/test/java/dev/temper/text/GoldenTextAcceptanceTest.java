package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.text.DataConfig.TooLong;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rows without a chat template equal those of TRL. */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class GoldenTextAcceptanceTest {
    private final Goldens goldens = Goldens.find();

    @TempDir
    Path scratch;

    @ParameterizedTest
    @ValueSource(strings = {"golden", "golden5"})
    void promptAndCompletionAreThoseOfTrl(String set) throws IOException {
        RowFormat format = Formats.plain(Format.PROMPT_COMPLETION);
        List<List<String>> table = goldens.csv("datasets/yoda/yoda_sentences.csv");
        try (Tokenizer tokenizer = Tokenizer.open(goldens.phi3(set, scratch))) {
            RowTokenizer tokens = new RowTokenizer(tokenizer, TextKind.PLAIN, 1024, TooLong.FAIL);
            List<JsonNode> golden = goldens.data(set, "yoda_plain_prompt_completion");
            assertThat(golden).hasSize(60);
            for (JsonNode line : golden) {
                List<String> row = table.get(line.get("row").asInt());
                RenderedText text = format.render(Map.of("prompt", row.get(0) + "\n", "completion", " " + row.get(2)));
                Goldens.assertEqual(tokens.tokens(text), line);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"golden", "golden5"})
    void plainTextIsThatOfTrl(String set) throws IOException {
        RowFormat format = Formats.plain(Format.TEXT);
        List<List<String>> table = goldens.csv("datasets/imdb/imdb_sample_1000.csv");
        try (Tokenizer tokenizer = Tokenizer.open(goldens.fixture("tokenizers/gpt_neo"))) {
            RowTokenizer tokens = new RowTokenizer(tokenizer, TextKind.PLAIN, 128, TooLong.TRUNCATE);
            List<JsonNode> golden = goldens.data(set, "text_gpt_neo");
            assertThat(golden).hasSize(200);
            for (JsonNode line : golden) {
                String text = table.get(line.get("row").asInt()).get(0);
                Goldens.assertEqual(tokens.tokens(format.render(Map.of("text", text))), line);
            }
        }
    }
}
