package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
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

    /**
     * Rows that TRL prepared.
     *
     * @param set golden: TRL 0.25.1 with transformers 4.57; golden5: TRL 1.16 with 5.24
     */
    List<JsonNode> data(String set, String name) throws IOException {
        return jsonLines(shared.resolve(set + "/data/" + name + ".jsonl.gz"));
    }

    /**
     * Phi-3's tokenizer, as the libraries of a set read the fixture. It has no config.json, so 5.24 builds what Llama's
     * class says: a space before the text, none after special tokens. With the model's config.json it does not.
     *
     * @param scratch for a tokenizer.json of that
     */
    Path phi3(String set, Path scratch) throws IOException {
        Path folder = fixture("tokenizers/phi3_mini");
        if (set.equals("golden")) {
            return folder;
        }
        ObjectNode tokenizer =
                (ObjectNode) JSON.readTree(folder.resolve("tokenizer.json").toFile());
        tokenizer.putNull("normalizer");
        tokenizer
                .putObject("pre_tokenizer")
                .put("type", "Metaspace")
                .put("replacement", "\u2581")
                .put("prepend_scheme", "first")
                .put("split", false);
        Files.writeString(scratch.resolve("tokenizer.json"), tokenizer.toString());
        Files.copy(
                folder.resolve("tokenizer_config.json"),
                scratch.resolve("tokenizer_config.json"),
                StandardCopyOption.REPLACE_EXISTING);
        return scratch;
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
