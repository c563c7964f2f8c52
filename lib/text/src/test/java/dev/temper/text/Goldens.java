package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;

/** Reads what other projects computed, and the data they computed it from. */
record Goldens(Path shared) {
    static final ObjectMapper JSON = new ObjectMapper();

    static Goldens find() {
        return new Goldens(Path.of(System.getProperty("temper.shared")));
    }

    Path fixture(String name) {
        return shared.resolve("fixtures").resolve(name);
    }

    /** Rows that TRL 0.25.1 prepared. */
    List<JsonNode> data(String name) throws IOException {
        return jsonLines(shared.resolve("golden/data/" + name + ".jsonl.gz"));
    }

    List<JsonNode> jsonLines(Path gzip) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        try (BufferedReader in = new BufferedReader(
                new InputStreamReader(new GZIPInputStream(Files.newInputStream(gzip)), StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                lines.add(JSON.readTree(line));
            }
        }
        return lines;
    }

    /** The chat template of a file of other projects. */
    String template(String file) throws IOException {
        for (JsonNode line : jsonLines(fixture("chat_templates/goldens.jsonl.gz"))) {
            if (line.get("template_file").asText().equals(file)) {
                return line.get("template").asText();
            }
        }
        throw new IllegalArgumentException(file);
    }

    /** The rows of a CSV, without its header. */
    List<List<String>> csv(String name) throws IOException {
        List<List<String>> rows = new ArrayList<>(List.of(new ArrayList<>()));
        StringBuilder field = new StringBuilder();
        boolean isQuoted = false;
        char previous = ' ';
        for (char c : Files.readString(fixture(name)).toCharArray()) {
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
        rows.get(rows.size() - 1).add(field.toString()); // the last line may end without a newline
        return rows.subList(1, rows.size());
    }

    /**
     * TRL's labels at position 0 are left out of the comparison: nothing predicts that token, here it never counts. The
     * border of the completion is found by characters; TRL cuts after the tokens of the prompt alone.
     */
    static void assertEqual(TokenRow row, JsonNode line) {
        assertThat(row.inputIds()).as("ids of row %s", line.get("row")).isEqualTo(ints(line.get("input_ids")));
        int[] labels = ints(line.get("labels"));
        labels[0] = TokenRow.IGNORED;
        assertThat(row.labels()).as("labels of row %s", line.get("row")).isEqualTo(labels);
    }

    static int[] ints(JsonNode array) {
        return JSON.convertValue(array, int[].class);
    }
}
