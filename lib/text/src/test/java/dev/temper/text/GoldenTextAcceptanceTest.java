package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.text.DataConfig.Format;
import dev.temper.text.DataConfig.TooLong;
import dev.temper.text.DataConfig.TrainOn;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * Rows that TRL 0.25.1 prepared. Its labels at position 0 are left out of the comparison: nothing predicts that token,
 * here it never counts.
 */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class GoldenTextAcceptanceTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path shared = Path.of(System.getProperty("temper.shared"));

    @Test
    void promptAndCompletionAreThoseOfTrl() throws IOException {
        RowFormat format = new RowFormat(Format.PROMPT_COMPLETION, Map.of(), "", TrainOn.COMPLETION);
        List<List<String>> table = csv(shared.resolve("fixtures/datasets/yoda/yoda_sentences.csv"));
        try (Tokenizer tokenizer = Tokenizer.open(shared.resolve("fixtures/tokenizers/phi3_mini"))) {
            RowTokenizer tokens = new RowTokenizer(tokenizer, 1024, TooLong.FAIL);
            List<JsonNode> golden = golden("yoda_plain_prompt_completion");
            assertThat(golden).hasSize(60);
            for (JsonNode line : golden) {
                List<String> row = table.get(line.get("row").asInt() + 1);
                RenderedText text = format.render(Map.of("prompt", row.get(0) + "\n", "completion", " " + row.get(2)));
                assertEqual(tokens.tokens(text), line);
            }
        }
    }

    @Test
    void plainTextIsThatOfTrl() throws IOException {
        RowFormat format = new RowFormat(Format.TEXT, Map.of(), "\n", TrainOn.COMPLETION);
        List<List<String>> table = csv(shared.resolve("fixtures/datasets/imdb/imdb_sample_1000.csv"));
        try (Tokenizer tokenizer = Tokenizer.open(shared.resolve("fixtures/tokenizers/gpt_neo"))) {
            RowTokenizer tokens = new RowTokenizer(tokenizer, 128, TooLong.TRUNCATE);
            List<JsonNode> golden = golden("text_gpt_neo");
            assertThat(golden).hasSize(200);
            for (JsonNode line : golden) {
                String text = table.get(line.get("row").asInt() + 1).get(0);
                assertEqual(tokens.tokens(format.render(Map.of("text", text))), line);
            }
        }
    }

    /** The border of the completion is found by characters; TRL cuts after the tokens of the prompt alone. */
    private static void assertEqual(TokenRow row, JsonNode line) {
        assertThat(row.inputIds()).as("ids of row %s", line.get("row")).isEqualTo(ints(line.get("input_ids")));
        int[] labels = ints(line.get("labels"));
        labels[0] = TokenRow.IGNORED;
        assertThat(row.labels()).as("labels of row %s", line.get("row")).isEqualTo(labels);
    }

    private static int[] ints(JsonNode array) {
        return JSON.convertValue(array, int[].class);
    }

    private List<JsonNode> golden(String name) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        try (BufferedReader in = new BufferedReader(new InputStreamReader(
                new GZIPInputStream(Files.newInputStream(shared.resolve("golden/data/" + name + ".jsonl.gz"))),
                StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                lines.add(JSON.readTree(line));
            }
        }
        return lines;
    }

    private static List<List<String>> csv(Path file) throws IOException {
        List<List<String>> rows = new ArrayList<>(List.of(new ArrayList<>()));
        StringBuilder field = new StringBuilder();
        boolean isQuoted = false;
        char previous = ' ';
        for (char c : Files.readString(file).toCharArray()) {
            if (c == '"') {
                if (previous == '"' && !isQuoted) {
                    field.append(c); // a second quote inside quotes is one quote
                }
                isQuoted = !isQuoted;
                previous = isQuoted ? ' ' : c;
                continue;
            } else if (!isQuoted && (c == ',' || c == '\n')) {
                rows.get(rows.size() - 1).add(field.toString());
                field.setLength(0);
                if (c == '\n') {
                    rows.add(new ArrayList<>());
                }
            } else if (isQuoted || c != '\r') {
                field.append(c);
            }
            previous = c;
        }
        return rows;
    }
}
