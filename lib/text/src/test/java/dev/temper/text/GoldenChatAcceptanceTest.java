package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.text.ChatFormat.TokenizerFiles;
import dev.temper.text.DataConfig.Packing;
import dev.temper.text.DataConfig.TooLong;
import dev.temper.text.DataConfig.TrainOn;
import dev.temper.text.Packs.Piece;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Chats, their labels and packs equal those of TRL; docs/data-differences.md says where they need not. */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class GoldenChatAcceptanceTest {
    private static final String QWEN_TEMPLATE = "trl__qwen2_5_training.jinja";

    private final Goldens goldens = Goldens.find();

    @TempDir
    Path scratch;

    @ParameterizedTest
    @ValueSource(strings = {"golden", "golden5"})
    void sarcasmThroughTheTemplateOfLlama3(String set) throws IOException {
        RowFormat format = format(Format.PROMPT_COMPLETION, TrainOn.COMPLETION, "llama3", "auto");
        List<Map<String, String>> rows = pairs("datasets/sarcasm/sarcasm.csv", 0, 1);
        List<JsonNode> lines = goldens.data(set, "sarcasm_llama3");
        assertThat(lines).hasSize(199);
        for (JsonNode line : lines) {
            assertThat(format.render(rows.get(line.get("row").asInt())).text())
                    .isEqualTo(line.get("text").asText());
        }
        assertEqual(rows(format, rows, "llama3", 1024), lines);
    }

    @ParameterizedTest
    @ValueSource(strings = {"golden", "golden5"})
    void yodaThroughTheTemplateOfPhi3(String set) throws IOException {
        assertEqual(yoda(set, 1024), goldens.data(set, "yoda"));
        assertEqual(yoda(set, 24).subList(0, 60), goldens.data(set, "yoda_truncated"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"golden", "golden5"})
    void messagesByGenerationBlocks(String set) throws IOException {
        RowFormat format = format(Format.MESSAGES, TrainOn.ASSISTANT, "qwen2.5", goldens.template(QWEN_TEMPLATE));
        List<Map<String, String>> rows = new ArrayList<>();
        for (String line : Files.readAllLines(goldens.fixture("datasets/messages/openai_toy_chat_first4.jsonl"))) {
            if (!line.isBlank()) {
                rows.add(Map.of(
                        "messages", Goldens.JSON.readTree(line).get("messages").toString()));
            }
        }
        assertEqual(rows(format, rows, "qwen2.5", 1024), goldens.data(set, "toy_messages_assistant"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"golden", "golden5"})
    void conversationsByGenerationBlocksAndWhole(String set) throws IOException {
        String template = goldens.template(QWEN_TEMPLATE);
        List<Map<String, String>> rows = new ArrayList<>();
        for (JsonNode row : Goldens.JSON.readTree(
                goldens.fixture("datasets/sharegpt/dummy_conversation.json").toFile())) {
            rows.add(Map.of("conversations", row.get("conversations").toString()));
        }
        RowFormat assistant = format(Format.SHAREGPT, TrainOn.ASSISTANT, "qwen2.5", template);
        assertEqual(rows(assistant, rows.subList(0, 200), "qwen2.5", 1024), goldens.data(set, "sharegpt_assistant"));
        RowFormat all = format(Format.SHAREGPT, TrainOn.ALL, "qwen2.5", template);
        assertEqual(rows(all, rows.subList(0, 30), "qwen2.5", 48), goldens.data(set, "sharegpt_all"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"golden", "golden5"})
    void packsOfTheBestFit(String set) throws IOException {
        List<TokenRow> rows = yoda(set, 64);
        List<List<Piece>> packs = packs(Packing.BFD, rows);
        List<JsonNode> lines = goldens.data(set, "yoda_packed_bfd");
        assertThat(packs).hasSize(set.equals("golden") ? 359 : 360).hasSameSizeAs(lines);
        for (int i = 0; i < packs.size(); i++) {
            TokenRow row = joined(packs.get(i), rows);
            JsonNode line = lines.get(i);
            assertThat(row.inputIds()).isEqualTo(Goldens.ints(line.get("input_ids")));
            assertThat(row.labels()).isEqualTo(Goldens.ints(line.get("labels")));
            assertThat(packs.get(i).stream().mapToInt(Piece::length))
                    .containsExactly(Arrays.stream(Goldens.ints(line.get("seq_lengths")))
                            .boxed()
                            .toArray(Integer[]::new));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"golden", "golden5"})
    void packsOfAStreamHaveTheSameTokens(String set) throws IOException {
        List<TokenRow> rows = yoda(set, 1024);
        List<List<Piece>> packs = packs(Packing.WRAPPED, rows);
        List<JsonNode> lines = goldens.data(set, "yoda_packed_wrapped");
        assertThat(packs).hasSize(set.equals("golden") ? 341 : 345).hasSameSizeAs(lines);
        int unlearned = 0;
        for (int i = 0; i < packs.size(); i++) {
            TokenRow row = joined(packs.get(i), rows);
            assertThat(row.inputIds()).isEqualTo(Goldens.ints(lines.get(i).get("input_ids")));
            int[] labels = Goldens.ints(lines.get(i).get("labels"));
            int position = 0;
            for (Piece piece : packs.get(i)) { // TRL sees no documents here, and learns what no token predicts
                unlearned += labels[position] == TokenRow.IGNORED ? 0 : 1;
                labels[position] = TokenRow.IGNORED;
                position += piece.length();
            }
            assertThat(row.labels()).isEqualTo(labels);
        }
        assertThat(unlearned).isBetween(1, 340);
    }

    private List<TokenRow> yoda(String set, int maxLength) throws IOException {
        RowFormat format = format(Format.PROMPT_COMPLETION, TrainOn.COMPLETION, "phi3_mini", "auto");
        List<Map<String, String>> rows = pairs("datasets/yoda/yoda_sentences.csv", 0, 2);
        return rows(format, rows.subList(0, 720), goldens.phi3(set, scratch), maxLength);
    }

    private RowFormat format(Format format, TrainOn trainOn, String tokenizer, String template) throws IOException {
        Path folder = goldens.fixture("tokenizers/" + tokenizer);
        TokenizerFiles files = new TokenizerFiles(
                folder.toString(),
                Files.readString(folder.resolve("tokenizer_config.json")),
                Optional.empty(),
                Map.of());
        Map<String, Object> kwargs =
                files.tokenizerConfig().contains("date_string") ? Map.of("date_string", "26 Jul 2024") : Map.of();
        DataConfig data = Formats.data(format, trainOn, template, kwargs);
        ChatFormat chat = ChatFormat.of(data, files, LocalDate.of(2024, 7, 26));
        return RowFormat.of(data, List.of(), chat);
    }

    private List<Map<String, String>> pairs(String file, int prompt, int completion) throws IOException {
        List<Map<String, String>> rows = new ArrayList<>();
        for (List<String> row : goldens.csv(file)) {
            if (row.size() > completion) {
                rows.add(Map.of("prompt", row.get(prompt), "completion", row.get(completion)));
            }
        }
        return rows;
    }

    private List<TokenRow> rows(RowFormat format, List<Map<String, String>> rows, String tokenizer, int maxLength) {
        return rows(format, rows, goldens.fixture("tokenizers/" + tokenizer), maxLength);
    }

    private List<TokenRow> rows(RowFormat format, List<Map<String, String>> rows, Path tokenizer, int maxLength) {
        List<RenderedText> texts = rows.stream().map(format::render).toList();
        try (Tokenizer opened = Tokenizer.open(tokenizer)) {
            if (format.trainOn() != TrainOn.ALL) {
                new EndOfTurn(opened, Set.of()).check(texts);
            }
            return new RowTokenizer(opened, format.kind(), maxLength, TooLong.TRUNCATE)
                    .tokens(texts).stream().map(RowTokenizer.Result::tokens).toList();
        }
    }

    private static void assertEqual(List<TokenRow> rows, List<JsonNode> lines) {
        assertThat(rows).hasSameSizeAs(lines);
        for (int i = 0; i < rows.size(); i++) {
            assertThat(lines.get(i).get("row").asInt()).isEqualTo(i);
            Goldens.assertEqual(rows.get(i), lines.get(i));
        }
    }

    private static List<List<Piece>> packs(Packing packing, List<TokenRow> rows) {
        return Packs.of(packing, rows.stream().mapToInt(TokenRow::length).toArray(), 64);
    }

    private static TokenRow joined(List<Piece> pack, List<TokenRow> rows) {
        int length = pack.stream().mapToInt(Piece::length).sum();
        int[] ids = new int[length];
        boolean[] trained = new boolean[length];
        int position = 0;
        for (Piece piece : pack) {
            TokenRow part = rows.get(piece.row()).piece(piece.from(), piece.to());
            System.arraycopy(part.inputIds(), 0, ids, position, part.length());
            System.arraycopy(part.trained(), 0, trained, position, part.length());
            position += part.length();
        }
        return new TokenRow(ids, trained);
    }
}
