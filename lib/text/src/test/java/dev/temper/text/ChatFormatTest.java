package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import dev.temper.text.ChatFormat.TokenizerFiles;
import dev.temper.text.DataConfig.Format;
import dev.temper.text.DataConfig.TrainOn;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class ChatFormatTest {
    private static final String NAMED =
            "{\"chat_template\": [{\"name\": \"default\", \"template\": \"D{{ messages[0].content }}\"},"
                    + " {\"name\": \"tool_use\", \"template\": \"T{{ tools[0] }}\"}]}";
    private static final String CONFIG =
            "{\"bos_token\": {\"content\": \"<s>\"}, \"eos_token\": \"</s>\", \"pad_token\": null,"
                    + " \"additional_special_tokens\": [\"<x>\"], \"chat_template\": \"C\"}";

    @Test
    void theFileOfATemplateGoesBeforeTheConfig() {
        assertThat(format("auto", CONFIG, Optional.of("J")).templates()).isEqualTo(Map.of("default", "J"));
        assertThat(format("auto", CONFIG, Optional.empty()).templates()).isEqualTo(Map.of("default", "C"));
        assertThat(format("auto", NAMED, Optional.empty()).templates()).containsOnlyKeys("default", "tool_use");
    }

    @Test
    void theRecipeNamesATemplateOrWhereItIs() {
        assertThat(format("{{ messages }}", CONFIG, Optional.empty()).templates())
                .isEqualTo(Map.of("default", "{{ messages }}"));
        assertThat(format("templates/a.jinja", CONFIG, Optional.empty()).templates())
                .isEqualTo(Map.of("default", "text of templates/a.jinja"));
    }

    @Test
    void specialTokensAreVariablesAndTheRecipeGoesBeforeThem() {
        assertThat(format("auto", CONFIG, Optional.empty()).variables())
                .isEqualTo(
                        Map.of("bos_token", "<s>", "eos_token", "<end>", "additional_special_tokens", List.of("<x>")));
    }

    @Test
    void theMapOfSpecialTokensCountsForOlderFoldersOnly() {
        Optional<String> map = Optional.of("{\"bos_token\": \"<map>\"}");
        assertThat(format("auto", CONFIG, map, Optional.empty()).variables()).containsEntry("bos_token", "<map>");
        String newer = CONFIG.replace("{\"bos", "{\"added_tokens_decoder\": {}, \"bos");
        assertThat(format("auto", newer, map, Optional.empty()).variables()).containsEntry("bos_token", "<s>");
    }

    @Test
    void rowsWithToolsHaveATemplateOfTheirOwn() {
        RowFormat format = Formats.chat(Format.MESSAGES, TrainOn.ALL, format("auto", NAMED, Optional.empty()));
        String messages = "[{\"role\": \"user\", \"content\": \"q\"}]";
        assertThat(format.render(Map.of("messages", messages)).text()).isEqualTo("Dq");
        assertThat(format.render(Map.of("messages", messages, "tools", "[7]")).text())
                .isEqualTo("T7");
    }

    @Test
    void theDayIsThatOfTheRecipeAndKeptOnlyWhereATemplateAsks() {
        ChatFormat format = format("{{ strftime_now('%d %b %Y') }}", CONFIG, Optional.empty());
        assertThat(format.date()).isEqualTo("2026-11-22");
        assertThat(Formats.chat(Format.MESSAGES, TrainOn.ALL, format)
                        .render(Map.of("messages", "[{\"role\": \"user\", \"content\": \"q\"}]"))
                        .text())
                .isEqualTo("22 Nov 2026");
        assertThat(format("auto", CONFIG, Optional.empty()).date()).isEmpty();
    }

    @Test
    void isTheSameAfterItWasWritten() {
        ChatFormat format = format("auto", CONFIG, Optional.empty());
        assertThat(ChatFormat.parse(format.toJson())).isEqualTo(format);
        assertThat(ChatFormat.parse(ChatFormat.NONE.toJson())).isEqualTo(ChatFormat.NONE);
    }

    @Test
    void formatsWithoutConversationsNeedNoTemplate() {
        assertThat(format(Format.TEXT, "{% oops", "{}")).isEqualTo(ChatFormat.NONE);
        assertThat(format(Format.CLASSIFICATION, "auto", CONFIG)).isEqualTo(ChatFormat.NONE);
        assertThat(format(Format.PROMPT_COMPLETION, "auto", "{}")).isEqualTo(ChatFormat.NONE);
        assertThat(format(Format.ALPACA, "none", CONFIG)).isEqualTo(ChatFormat.NONE);
    }

    @Test
    void aTemplateThatIsMissingOrBrokenIsTheUsersMistake() {
        assertInvalid(
                "auto",
                "{}",
                "data.format messages needs a chat template, and the tokenizer of base has none: name one");
        assertInvalid("none", CONFIG, "data.format messages needs a chat template, and data.chat_template is none");
        assertInvalid("\n {% if %}", "{}", "data.chat_template is no valid template: line 2, column ");
        assertInvalid(
                "auto",
                "{\"chat_template\": [{\"name\": \"rag\", \"template\": \"\"}]}",
                "the chat template of base has no default but only rag");
        assertInvalid("auto", "{", "base/tokenizer_config.json is no valid JSON");
    }

    private static void assertInvalid(String template, String config, String message) {
        assertThatThrownBy(() -> format(template, config, Optional.empty()))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith(message);
    }

    private static ChatFormat format(String template, String config, Optional<String> jinja) {
        return format(template, config, Optional.empty(), jinja);
    }

    private static ChatFormat format(
            String template, String config, Optional<String> specialTokens, Optional<String> jinja) {
        return ChatFormat.of(
                Formats.data(Format.MESSAGES, TrainOn.ALL, template, Map.of("eos_token", "<end>")),
                new TokenizerFiles("base", config, specialTokens, jinja),
                location -> "text of " + location,
                LocalDate.of(2026, 11, 22));
    }

    private static ChatFormat format(Format format, String template, String config) {
        return ChatFormat.of(
                Formats.data(format, TrainOn.ALL, template, Map.of()),
                new TokenizerFiles("base", config, Optional.empty(), Optional.empty()),
                location -> location,
                LocalDate.of(2026, 11, 22));
    }
}
