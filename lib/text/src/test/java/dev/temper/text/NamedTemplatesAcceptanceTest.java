package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.jinja.Template;
import dev.temper.jinja.TemplateException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Our templates beside published ones of the same kind, over the conversations of the fixtures. */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class NamedTemplatesAcceptanceTest {
    /** Calls of tools, and contents in parts, are written by none of ours. */
    private static final List<String> OTHERS = List.of("09_tool_calls", "10_parts");

    private final Goldens goldens = Goldens.find();

    /**
     * @param conversations that the published template does not refuse
     * @param left out of them: where the published one trims a text
     */
    @ParameterizedTest
    @CsvSource({
        "chatml, llamacpp-test__teknium-OpenHermes-2.5-Mistral-7B, 10,",
        "chatml, axolotl__chatml, 10,",
        "llama3, trl__llama3, 10,",
        "phi3, axolotl__phi_35, 10,",
        "alpaca, axolotl__alpaca, 10,",
        "mistral, axolotl__mistral_v1, 9,",
        "mistral, llamacpp-test__mistralai-Mistral-7B-Instruct-v0.2-v2, 9,",
        "gemma, axolotl__gemma, 5,",
        "gemma, trl__gemma3, 9,",
        "zephyr, chujiezheng__zephyr, 9, 06_unicode",
        "llama2, chujiezheng__llama-2-chat, 9,"
    })
    void writesWhatAPublishedOneWrites(String name, String published, int conversations, String left)
            throws IOException {
        Template ours = Template.parse(NamedTemplates.find(name).orElseThrow());
        int compared = 0;
        for (JsonNode golden : goldens.jsonLines(goldens.fixture("chat_templates/goldens.jsonl.gz"))) {
            String conversation = golden.path("context_name").asText();
            if (!golden.path("template_file").asText().equals(published + ".jinja") || OTHERS.contains(conversation)) {
                continue;
            }
            Map<String, Object> context = Goldens.JSON.convertValue(golden.get("context"), new TypeReference<>() {});
            Optional<String> theirs = rendered(published, golden, context);
            if (theirs.isPresent()) {
                compared++;
                boolean isSame = ours.render(context).equals(theirs.get());
                assertThat(isSame).as(conversation).isEqualTo(!conversation.equals(left));
            }
        }
        assertThat(compared).isEqualTo(conversations);
    }

    /** What the library rendered; of templates that are written over many lines to be read, without the layout. */
    private static Optional<String> rendered(String published, JsonNode golden, Map<String, Object> context) {
        if (!published.startsWith("chujiezheng__")) {
            return Optional.ofNullable(golden.path("expected").textValue());
        }
        String text = golden.path("template").asText().replace("    ", "").replace("\n", "");
        try {
            return Optional.of(Template.parse(text).render(context));
        } catch (TemplateException e) {
            return Optional.empty();
        }
    }
}
