package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import dev.temper.text.ChatFormat.TokenizerFiles;
import dev.temper.text.DataConfig.TrainOn;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What {@code data.chat_template: NAME} writes. */
final class NamedTemplatesTest {
    private static final String CHAT =
            """
            [{"role": "system", "content": "Speak as a gull."}, {"role": "user", "content": "Where to?"},
             {"role": "assistant", "content": "North."}, {"role": "user", "content": "Why?"},
             {"role": "assistant", "content": "Fish."}, {"role": "user", "content": "When?"},
             {"role": "assistant", "content": "Now."}]
            """;
    private static final String ROLES = "[{\"role\": \"user\", \"content\": \"q\"}, {\"role\": \"tool\", \"content\":"
            + " \"w\"}, {\"role\": \"assistant\", \"content\": \"a\"}]";

    /** Name, and the conversation as it is written; what is learned with {@code train_on: assistant} in brackets. */
    private static final String WRITTEN =
            """
            zephyr  ~ <|system|>\\nSpeak as a gull.</s>\\n<|user|>\\nWhere to?</s>\\n<|assistant|>\\n\
            [North.</s>\\n]<|user|>\\nWhy?</s>\\n<|assistant|>\\n[Fish.</s>\\n]<|user|>\\nWhen?</s>\\n\
            <|assistant|>\\n[Now.</s>\\n]
            alpaca  ~ <s>Speak as a gull.\\n\\n### Instruction:\\nWhere to?\\n\\n### Response:\\n[North.</s>]\\n\
            \\n### Instruction:\\nWhy?\\n\\n### Response:\\n[Fish.</s>]\\n\\n### Instruction:\\nWhen?\\n\\n\
            ### Response:\\n[Now.</s>]
            vicuna  ~ <s>Speak as a gull. USER: Where to? ASSISTANT:[ North.</s>]USER: Why? ASSISTANT:[ Fish.</s\
            >]USER: When? ASSISTANT:[ Now.</s>]
            llama2  ~ <s>[INST] <<SYS>>\\nSpeak as a gull.\\n<</SYS>>\\n\\n\
            Where to? [/INST][ North. </s>]<s>[INST] Why? [/INST][ Fish. </s>]<s>[INST] When? [/INST][ Now. </s>\
            ]
            mistral ~ <s> [INST] Speak as a gull.\\n\\n\
            Where to? [/INST][ North.</s>] [INST] Why? [/INST][ Fish.</s>] [INST] When? [/INST][ Now.</s>]
            chatml  ~ <|im_start|>system\\nSpeak as a gull.<|im_end|>\\n<|im_start|>user\\n\
            Where to?<|im_end|>\\n<|im_start|>assistant\\n[North.<|im_end|>\\n]<|im_start|>user\\n\
            Why?<|im_end|>\\n<|im_start|>assistant\\n[Fish.<|im_end|>\\n]<|im_start|>user\\nWhen?<|im_end|>\\n\
            <|im_start|>assistant\\n[Now.<|im_end|>\\n]
            llama3  ~ <s><|start_header_id|>system<|end_header_id|>\\n\\n\
            Speak as a gull.<|eot_id|><|start_header_id|>user<|end_header_id|>\\n\\n\
            Where to?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\\n\\n\
            [North.<|eot_id|>]<|start_header_id|>user<|end_header_id|>\\n\\n\
            Why?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\\n\\n\
            [Fish.<|eot_id|>]<|start_header_id|>user<|end_header_id|>\\n\\n\
            When?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\\n\\n[Now.<|eot_id|>]
            phi3    ~ <|system|>\\nSpeak as a gull.<|end|>\\n<|user|>\\nWhere to?<|end|>\\n<|assistant|>\\n\
            [North.<|end|>\\n]<|user|>\\nWhy?<|end|>\\n<|assistant|>\\n[Fish.<|end|>\\n]<|user|>\\n\
            When?<|end|>\\n<|assistant|>\\n[Now.<|end|>\\n]
            gemma   ~ <s><start_of_turn>user\\nSpeak as a gull.\\n\\nWhere to?<end_of_turn>\\n\
            <start_of_turn>model\\n[North.<end_of_turn>\\n]<start_of_turn>user\\nWhy?<end_of_turn>\\n\
            <start_of_turn>model\\n[Fish.<end_of_turn>\\n]<start_of_turn>user\\nWhen?<end_of_turn>\\n\
            <start_of_turn>model\\n[Now.<end_of_turn>\\n]
            """;

    @ParameterizedTest
    @CsvSource(textBlock = WRITTEN, delimiter = '~', quoteCharacter = '"', ignoreLeadingAndTrailingWhitespace = true)
    void writesAConversationAndLearnsItsAnswers(String name, String written) {
        RowFormat rows = Formats.chat(Format.MESSAGES, TrainOn.ASSISTANT, format(name));

        assertThat(marked(rows.render(Map.of("messages", CHAT)))).isEqualTo(written.replace("\\n", "\n"));
    }

    @Test
    void eachHasItsTest() {
        assertThat(WRITTEN.lines().map(line -> line.split(" ")[0])).containsExactlyElementsOf(NamedTemplates.names());
    }

    /** FastChat, whose template it is, takes no space away from a text. */
    @Test
    void vicunaWritesTextsAsTheyAre() {
        String chat = "[{\"role\": \"system\", \"content\": \" s \"}, {\"role\": \"user\", \"content\": \"\\nq \"},"
                + " {\"role\": \"assistant\", \"content\": \" a\\n\"}]";
        RowFormat rows = Formats.chat(Format.MESSAGES, TrainOn.ASSISTANT, format("vicuna"));

        assertThat(rows.render(Map.of("messages", chat)).text()).isEqualTo("<s> s  USER: \nq  ASSISTANT:  a\n</s>");
    }

    /** A row to learn begins as a question is asked: otherwise a model would be asked what it never saw. */
    @ParameterizedTest
    @MethodSource("dev.temper.text.NamedTemplates#names")
    void asksAsItTrained(String name) {
        RowFormat rows = Formats.chat(Format.PROMPT_COMPLETION, TrainOn.COMPLETION, format(name));
        RenderedText row = rows.render(Map.of("prompt", "Where to?", "completion", "North."));

        assertThat(rows.prompt("Where to?"))
                .isEqualTo(row.text().substring(0, row.trained().get(0).start()));
        assertThat(row.text().substring(row.trained().get(0).start()).strip()).startsWith("North.");
    }

    @Test
    void aNameOfTheTokenizersGoesBeforeOurs() {
        String config = "{\"chat_template\": [{\"name\": \"default\", \"template\": \"D\"},"
                + " {\"name\": \"chatml\", \"template\": \"its own\"}]}";
        assertThat(format("chatml", config).templates()).isEqualTo(Map.of("default", "its own"));
        assertThatThrownBy(() -> format("./chatml", config))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith("data.chat_template: ./chatml is no file; write auto, none, one of zephyr, ");
    }

    @ParameterizedTest
    @CsvSource({"alpaca, alpaca knows", "vicuna, vicuna knows", "llama2, llama2 knows", "mistral, mistral knows"})
    void aRoleThatItCannotWriteIsRefused(String name, String why) {
        RowFormat rows = Formats.chat(Format.MESSAGES, TrainOn.ASSISTANT, format(name));

        assertThatThrownBy(() -> rows.render(Map.of("messages", ROLES)))
                .isInstanceOf(RejectedRowException.class)
                .hasMessageContaining(why);
    }

    private static ChatFormat format(String name) {
        return format(name, "{\"bos_token\": \"<s>\", \"eos_token\": \"</s>\", \"chat_template\": \"D\"}");
    }

    private static ChatFormat format(String name, String config) {
        return ChatFormat.of(
                Formats.data(Format.MESSAGES, TrainOn.ALL, name, Map.of()),
                new TokenizerFiles("base", config, Optional.empty(), Map.of()),
                LocalDate.EPOCH);
    }

    private static String marked(RenderedText row) {
        StringBuilder text = new StringBuilder(row.text());
        List<Integer> ends = row.trained().stream()
                .flatMap(span -> Arrays.asList(span.end(), span.start()).stream())
                .collect(Collectors.toList());
        ends.sort((a, b) -> b - a);
        for (int i = 0; i < ends.size(); i++) {
            text.insert(ends.get(i), i % 2 == 0 ? "]" : "[");
        }
        return text.toString();
    }
}
