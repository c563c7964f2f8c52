package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.jinja.Template;
import java.io.IOException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** Published templates that set their variable themselves write what transformers wrote when it was given. */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class TemplateVariablesAcceptanceTest {
    private static final LocalDateTime DAY = LocalDate.of(2025, 1, 15).atStartOfDay(); // of the fixtures

    private final Goldens goldens = Goldens.find();

    @Test
    void aSavedTemplateWritesWhatTransformersWroteWithTheVariable() throws IOException {
        int compared = 0;
        Set<String> listening = new HashSet<>();
        for (JsonNode golden : goldens.jsonLines(goldens.fixture("chat_templates/goldens.jsonl.gz"))) {
            Map<String, Object> context = Goldens.JSON.convertValue(golden.get("context"), new TypeReference<>() {});
            if (!context.containsKey("enable_thinking")
                    || !golden.path("expected").isTextual()) {
                continue;
            }
            Map<String, Object> variables = Map.of("enable_thinking", context.remove("enable_thinking"));
            String text = golden.path("template").asText();
            String saved = new TemplateVariables(variables).head(Set.of("bos_token", "eos_token")) + text;
            String file = golden.path("template_file").asText();

            assertThat(Template.parse(saved).at(DAY).render(context))
                    .as(file)
                    .isEqualTo(golden.path("expected").textValue());
            compared++;
            if (!Template.parse(text)
                    .at(DAY)
                    .render(context)
                    .equals(golden.path("expected").textValue())) {
                listening.add(file); // without the head it would have been another text
            }
        }
        assertThat(compared).isGreaterThan(150);
        assertThat(listening).hasSizeGreaterThan(3);
    }
}
