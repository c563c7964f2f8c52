package dev.temper.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** What Jinja2, set up as transformers does, made of 206 real templates and of the templates of a syntax test. */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class ChatTemplatesAcceptanceTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final LocalDateTime NOW = LocalDateTime.of(2025, 1, 15, 12, 0);

    private final Path templates = Path.of(System.getProperty("temper.shared"), "fixtures", "chat_templates");

    @Test
    void realTemplatesGiveTheSameText() throws IOException {
        assertThat(numRendered("goldens.jsonl.gz")).isEqualTo(2164);
    }

    @Test
    void realTemplatesFailWhereTheyShould() throws IOException {
        assertThat(numRaised("goldens.jsonl.gz")).isEqualTo(308);
    }

    @Test
    void syntaxGivesTheSameText() throws IOException {
        assertThat(numRendered("syntax_goldens.jsonl.gz")).isEqualTo(144);
    }

    @Test
    void syntaxFailsWhereItShould() throws IOException {
        assertThat(numRaised("syntax_goldens.jsonl.gz")).isEqualTo(11);
    }

    @Test
    void mutatedTemplatesFailInOneWay() throws IOException {
        TemplateFuzz fuzz = new TemplateFuzz(7, Limits.defaults());
        int count = 0;
        for (JsonNode line : lines("goldens.jsonl.gz")) {
            if (count++ % 4 == 0) {
                fuzz.render(fuzz.mutated(line.get("template").asText()), context(line));
            }
        }
        assertThat(fuzz.numRendered() + fuzz.numFailed()).isEqualTo(618);
    }

    private int numRendered(String file) throws IOException {
        int count = 0;
        for (JsonNode line : lines(file)) {
            if (line.has("expected")) {
                assertThat(template(line).render(context(line)))
                        .as("%s %s", line.get("template_file"), line.get("context_name"))
                        .isEqualTo(line.get("expected").asText());
                count++;
            }
        }
        return count;
    }

    private int numRaised(String file) throws IOException {
        int count = 0;
        for (JsonNode line : lines(file)) {
            if (line.has("error")) {
                assertThatThrownBy(() -> template(line).render(context(line)))
                        .as("%s %s", line.get("template_file"), line.get("context_name"))
                        .isInstanceOf(TemplateException.class);
                count++;
            }
        }
        return count;
    }

    private static Template template(JsonNode line) {
        return Template.parse(line.get("template").asText()).at(NOW);
    }

    @SuppressWarnings("unchecked") // a JSON object
    private static Map<String, Object> context(JsonNode line) {
        return JSON.convertValue(line.get("context"), Map.class);
    }

    private List<JsonNode> lines(String file) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(
                new GZIPInputStream(Files.newInputStream(templates.resolve(file))), StandardCharsets.UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                lines.add(JSON.readTree(line));
            }
        }
        return lines;
    }
}
