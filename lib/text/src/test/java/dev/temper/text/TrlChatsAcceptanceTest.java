package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.storage.Folder;
import dev.temper.text.ChatFormat.TokenizerFiles;
import dev.temper.text.DataConfig.TooLong;
import dev.temper.text.DataConfig.TrainOn;
import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** Prompts and completions of messages through published templates; the values are those of TRL 1.16's SFTTrainer. */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class TrlChatsAcceptanceTest {
    private static final String TOOLS =
            """
            [{"type": "function", "function": {"name": "tide", "description": "Tide.", "parameters": {"type": "object",
              "properties": {"port": {"type": "string", "default": null}, "unit": {"const": null}},
              "required": ["port"]}}}]
            """;

    private static TokenRow row(String tokenizer, String prompt, String completion, String tools) throws IOException {
        Path folder = Goldens.find().fixture("tokenizers/" + tokenizer);
        DataConfig data = Formats.data(Format.PROMPT_COMPLETION, TrainOn.COMPLETION, "auto", Map.of());
        ChatFormat chat = ChatFormat.of(data, TokenizerFiles.read(Folder.local(folder)), LocalDate.of(2026, 11, 30));
        RowFormat format = RowFormat.of(data, List.of(), chat);
        RenderedText text = format.render(Map.of(
                "prompt", InputColumn.NESTED + prompt, "completion", InputColumn.NESTED + completion, "tools", tools));
        try (Tokenizer opened = Tokenizer.open(folder)) {
            return new RowTokenizer(opened, format.kind(), 1024, TooLong.FAIL).tokens(text);
        }
    }

    private static String learned(String tokenizer, TokenRow row) {
        try (Tokenizer opened = Tokenizer.open(Goldens.find().fixture("tokenizers/" + tokenizer))) {
            int[] ids = new int[row.trainedTokens()];
            for (int i = 0, next = 0; i < row.length(); i++) {
                if (row.trained()[i]) {
                    ids[next++] = row.inputIds()[i];
                }
            }
            return opened.text(ids);
        }
    }

    @Test
    void callsAndToolsKeepTheirNulls() throws IOException {
        TokenRow row = row(
                "qwen2.5",
                "[{\"role\": \"user\", \"content\": \"Tide at Brest?\"}]",
                """
                [{"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function":
                   {"name": "tide", "arguments": {"port": "Brest", "unit": null}}}]},
                 {"role": "tool", "content": "4 m"}, {"role": "assistant", "content": "Four metres."}]
                """,
                TOOLS);
        assertThat(row.length()).isEqualTo(228);
        assertThat(row.trainedTokens()).isEqualTo(51);
        assertThat(learned("qwen2.5", row))
                .isEqualTo(
                        """
                        <tool_call>
                        {"name": "tide", "arguments": {"port": "Brest", "unit": null}}
                        </tool_call><|im_end|>
                        <|im_start|>user
                        <tool_response>
                        4 m
                        </tool_response><|im_end|>
                        <|im_start|>assistant
                        Four metres.<|im_end|>
                        """);
    }

    @Test
    void newlinesThatAnAnswerBeginsWith() throws IOException {
        String prompt = "[{\"role\": \"user\", \"content\": \"Name a fish.\"}]";
        String completion = "[{\"role\": \"assistant\", \"content\": \"\\n\\nHerring\"}]";
        assertThat(learned("phi3_mini", row("phi3_mini", prompt, completion, ""))
                        .replace("\n", ""))
                .isEqualTo("Herring<|end|><|endoftext|>");
        assertThat(learned("qwen2.5", row("qwen2.5", prompt, completion, "")))
                .isEqualTo("\n\n\nHerring<|im_end|>\n"); // the role's newline and those of the answer are one token
    }
}
