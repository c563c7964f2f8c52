package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import dev.temper.storage.Folder;
import dev.temper.text.ChatFormat.TokenizerFiles;
import dev.temper.text.DataConfig.TrainOn;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
    void templatesInFilesOfTheirOwnGoBeforeTheConfig(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("tokenizer_config.json"), NAMED);
        Files.createDirectories(folder.resolve("additional_chat_templates/drafts.jinja"));
        assertThat(read(folder, "auto").templates()).containsOnlyKeys("default", "tool_use");
        Files.writeString(folder.resolve("additional_chat_templates/tool_use.jinja"), "U{{ tools[0].name }}");
        Files.writeString(folder.resolve("additional_chat_templates/rag.jinja"), "R");
        Files.writeString(folder.resolve("additional_chat_templates/unused.jinja"), "{% oops");
        Files.writeString(folder.resolve("additional_chat_templates/notes.txt"), "no template");
        assertThatThrownBy(() -> read(folder, "auto"))
                .hasMessageContaining("has no default but only rag, tool_use, unused: give the text of one");
        Files.writeString(folder.resolve("chat_template.jinja"), "J");
        ChatFormat format = read(folder, "auto");
        assertThat(format.templates())
                .containsEntry("default", "J")
                .containsOnlyKeys("default", "tool_use", "rag", "unused");
        RowFormat rows = Formats.chat(Format.MESSAGES, TrainOn.ALL, format);
        String messages = "[{\"role\": \"user\", \"content\": \"q\"}]";
        assertThat(rows.render(Map.of("messages", messages, "tools", "[{\"name\": \"tide\"}]"))
                        .text())
                .isEqualTo("Utide");
        assertThat(rows.render(Map.of("messages", messages, "tools", "[]")).text())
                .isEqualTo("J");
        assertThat(read(folder, "rag").templates()).isEqualTo(Map.of("default", "R"));
    }

    @Test
    void aTemplateTakesThePlaceOfAllOthers(@TempDir Path folder) throws IOException {
        Files.writeString(
                folder.resolve("tokenizer_config.json"), NAMED.replace("{\"chat", "{\"eos_token\": \"é\", \"chat"));
        Files.createDirectories(folder.resolve("additional_chat_templates"));
        Files.writeString(folder.resolve("additional_chat_templates/rag.jinja"), "R");
        TemplateFiles.write(
                Folder.local(folder), new ChatFormat(Map.of("default", "mine é\n"), Map.of(), ""), Map.of());
        assertThat(read(folder, "auto").templates()).isEqualTo(Map.of("default", "mine é\n"));
        assertThat(Files.readString(folder.resolve("tokenizer_config.json")))
                .isEqualTo("{\n  \"eos_token\" : \"é\"\n}\n");
        assertThat(folder.resolve("additional_chat_templates")).doesNotExist();
    }

    private static ChatFormat read(Path folder, String template) throws IOException {
        return ChatFormat.of(
                Formats.data(Format.MESSAGES, TrainOn.ALL, template, Map.of()),
                TokenizerFiles.read(Folder.local(folder)),
                LocalDate.of(2026, 11, 22));
    }

    @Test
    void theRecipeNamesATemplateOrHasItsText() {
        assertThat(format("{{ messages }}", CONFIG, Optional.empty()).templates())
                .isEqualTo(Map.of("default", "{{ messages }}"));
        assertInvalid("templates/a.jinja", CONFIG, "data.chat_template: templates/a.jinja is no file; write auto,");
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
        assertThat(format.render(Map.of("messages", messages, "tools", "[{\"name\": \"f\"}]"))
                        .text())
                .isEqualTo("T{'name': 'f'}");
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
                new TokenizerFiles(
                        "base",
                        config,
                        specialTokens,
                        jinja.map(text -> Map.of("default", text)).orElse(Map.of())),
                LocalDate.of(2026, 11, 22));
    }

    private static ChatFormat format(Format format, String template, String config) {
        return ChatFormat.of(
                Formats.data(format, TrainOn.ALL, template, Map.of()),
                new TokenizerFiles("base", config, Optional.empty(), Map.of()),
                LocalDate.of(2026, 11, 22));
    }
}
