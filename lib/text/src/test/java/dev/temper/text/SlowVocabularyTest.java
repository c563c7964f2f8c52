package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.InvalidInputException;
import dev.temper.storage.Folder;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Folders of Python tokenizers, without tokenizer.json; lib/bench/clients/tokenizer_ids.py has the real ones. */
final class SlowVocabularyTest {
    private static final List<String> PIECES =
            List.of("<unk>", "<s>", "</s>", "▁", "a", "b", "▁a", "ab", "▁ab", "▁▁", "😀");

    @TempDir
    Path folder;

    @Test
    void bytePairs() throws IOException {
        TinyTokenizer.write(folder);
        ObjectNode tree = TokenizerJson.tree(Files.readString(folder.resolve("tokenizer.json")), "");
        Files.delete(folder.resolve("tokenizer.json"));
        ObjectNode vocabulary = (ObjectNode) tree.get("model").get("vocab");
        for (JsonNode added : tree.get("added_tokens")) {
            vocabulary.put(added.get("content").asText(), added.get("id").asInt());
        }
        Files.writeString(folder.resolve("vocab.json"), vocabulary.toString());
        write("merges.txt", "#version: 0.2\na b\nab c\n");
        write("tokenizer_config.json", "{'tokenizer_class': 'GPT2Tokenizer', 'eos_token': '</s>', 'bos_token': '<s>'}");
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            assertThat(tokenizer.encode("é abc</s>").ids()).containsExactly(0xc3, 0xa9, ' ', 257, TinyTokenizer.END);
            assertThat(tokenizer.decode(tokenizer.encode("é abc").ids())).isEqualTo("é abc");
        }
        write(
                "tokenizer_config.json",
                "{'tokenizer_class': 'RobertaTokenizer', 'add_prefix_space': true, 'pad_token': null,"
                        + " 'unk_token': null}");
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            assertThat(tokenizer.text(tokenizer.encode("abc").ids())).isEqualTo("<s> abc</s>");
        }
    }

    /** As AutoTokenizer opens a folder without tokenizer_config.json. */
    @Test
    void aClassAddsItsTokensBehindAVocabularyWithoutThem() throws IOException {
        write("vocab.json", "{'a': 0, 'b': 1, 'ab': 2}");
        write("merges.txt", "#version: 0.2\na b\n");
        write("config.json", "{'model_type': 'qwen2'}");
        write("chat_template.jinja", "{{ eos_token }}");
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            assertThat(tokenizer.endToken()).hasValue(3);
            assertThat(tokenizer.padToken()).hasValue(3);
            assertThat(tokenizer.encode("ab<|endoftext|>a").ids()).containsExactly(2, 3, 0);
        }
        assertThat(ChatFormat.isIn(Folder.local(folder))).isTrue();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{} | 2 6 5 3",
                "{'do_lower_case': false} | 2 1 5 3",
                "{'do_lower_case': false, 'strip_accents': true} | 2 7 5 3",
                "{'strip_accents': false} | 2 8 5 3",
            })
    void wordPieces(String config, String ids) throws IOException {
        write("vocab.txt", "[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\n[MASK]\r\nx\r\nea\r\nEA\r\néa\r\n");
        write("tokenizer_config.json", config);
        write("config.json", "{'model_type': 'bert'}");
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            assertThat(tokenizer.encode("ÉA x").ids()).containsExactly(numbers(ids));
            assertThat(tokenizer.padToken()).hasValue(0);
        }
    }

    @Test
    void chineseCharactersAreWordsUnlessToldOtherwise() throws IOException {
        write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n中\n文\n中文");
        write("tokenizer_config.json", "{'tokenizer_class': 'BertTokenizer'}");
        assertThat(special("中文")).containsExactly(2, 5, 6, 3);
        write("tokenizer_config.json", "{'tokenizer_class': 'BertTokenizer', 'tokenize_chinese_chars': false}");
        assertThat(special("中文")).containsExactly(2, 7, 3);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{} | ab| 1 8",
                "{} | ab ab| 1 8 8",
                "{'legacy': true} | a</s>b| 1 6 2 3 5", // a space before each part
                "{'legacy': false} | a</s>b| 1 6 2 5",
                "{'legacy': false, 'add_prefix_space': null} | ab| 1 8",
                "{'add_prefix_space': false} | ab| 1 7",
                "{'add_bos_token': false, 'add_eos_token': true} | 😀| 3 10 2",
            })
    void sentencePieces(String config, String text, String ids) throws IOException {
        Files.write(folder.resolve("tokenizer.model"), model(2));
        write("tokenizer_config.json", config);
        write("config.json", "{'model_type': 'llama'}");
        assertThat(special(text)).containsExactly(numbers(ids));
    }

    @Test
    void refusesOtherModelsBySayingHowToConvert() throws IOException {
        write("config.json", "{'model_type': 'llama'}");
        Files.write(folder.resolve("tokenizer.model"), model(1));
        assertInvalid("is no SentencePiece model of byte pairs");
        Files.write(folder.resolve("tokenizer.model"), new byte[] {10, 100, 3});
        assertInvalid("save_pretrained");
        write("config.json", "{'model_type': 't5'}");
        assertInvalid("tokenizer.json is missing");
    }

    private static int[] numbers(String text) {
        return java.util.Arrays.stream(text.trim().split(" "))
                .mapToInt(Integer::parseInt)
                .toArray();
    }

    private int[] special(String text) {
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            return tokenizer.encode(text).ids();
        }
    }

    private void write(String name, String text) throws IOException {
        Files.writeString(folder.resolve(name), name.endsWith(".json") ? text.replace('\'', '"') : text);
    }

    private void assertInvalid(String part) {
        assertThatThrownBy(() -> Tokenizer.open(folder))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(part);
    }

    /** Protocol buffers: a field's number and kind, its length, its bytes. */
    private static byte[] model(int modelType) {
        ByteArrayOutputStream model = new ByteArrayOutputStream();
        for (int id = 0; id < PIECES.size(); id++) {
            ByteArrayOutputStream piece = new ByteArrayOutputStream();
            field(piece, 1, PIECES.get(id).getBytes(StandardCharsets.UTF_8));
            piece.write(2 << 3 | 5);
            piece.writeBytes(ByteBuffer.allocate(4)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putFloat(-id)
                    .array());
            piece.write(3 << 3);
            piece.write(id == 0 ? 2 : id < 3 ? 3 : 1);
            field(model, 1, piece.toByteArray());
        }
        field(model, 2, new byte[] {3 << 3, (byte) modelType});
        return model.toByteArray();
    }

    private static void field(ByteArrayOutputStream out, int number, byte[] bytes) {
        out.write(number << 3 | 2);
        out.write(bytes.length);
        out.writeBytes(bytes);
    }
}
