package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class StreamedTextTest {
    private static final String FALLBACK =
            """
            {"version": "1.0", "added_tokens": [{"id": 5, "content": "</s>", "special": true,
               "single_word": false, "lstrip": false, "rstrip": false, "normalized": false}],
             "decoder": {"type": "Sequence", "decoders": [
               {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
               {"type": "ByteFallback"}, {"type": "Fuse"},
               {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
             "model": {"type": "WordLevel", "unk_token": "\u2581a",
               "vocab": {"\u2581a": 0, "b": 1, "<0x0A>": 2, "<0xC3>": 3, "<0xA9>": 4}}}
            """;

    @TempDir
    Path folder;

    @Test
    void aCharacterComesWithItsLastByte() throws Exception {
        try (Tokenizer tokenizer = Tokenizer.open(TinyTokenizer.write(folder))) {
            int[] ids = tokenizer.encodePlain("abc\u5b57\ud83d\ude42!").ids();

            assertThat(pieces(tokenizer, ids))
                    .containsExactly("abc", "", "", "\u5b57", "", "", "", "\ud83d\ude42", "!", "");
        }
    }

    @Test
    void aCharacterThatIsCutOffComesLast() throws Exception {
        try (Tokenizer tokenizer = Tokenizer.open(TinyTokenizer.write(folder))) {
            int[] ids = tokenizer.encodePlain("a\u5b57").ids();
            int[] cut = IntStream.of(ids).limit(ids.length - 1).toArray();

            assertThat(pieces(tokenizer, cut)).containsExactly("a", "", "", "\ufffd");
        }
    }

    @Test
    void specialTokensAreNoText() throws Exception {
        try (Tokenizer tokenizer = Tokenizer.open(TinyTokenizer.write(folder))) {
            assertThat(pieces(tokenizer, new int[] {TinyTokenizer.BEGIN, 'a', TinyTokenizer.END, 'b'}))
                    .containsExactly("", "a", "", "b", "");
        }
    }

    @Test
    void bytesWaitForTheTokenAfterThem() throws Exception {
        open(FALLBACK, tokenizer -> {
            assertThat(pieces(tokenizer, new int[] {0, 0, 2, 3, 4, 1, 0, 2}))
                    .containsExactly("a", " a", "", "", "", "\n\u00e9b", " a", "", "\n");
            assertThat(pieces(tokenizer, new int[] {0, 2, 5, 3, 1}))
                    .containsExactly("a", "", "", "", "\ufffd\ufffdb", "");
            // A line break that is not the end of a character makes all of its run unreadable.
            assertThat(pieces(tokenizer, new int[] {0, 2, 3})).containsExactly("a", "", "", "\ufffd\ufffd");
        });
    }

    private static final String WORD_PIECES =
            """
            {"version": "1.0", "added_tokens": [{"id": 4, "content": "[SEP]", "special": true,
               "single_word": false, "lstrip": false, "rstrip": false, "normalized": false}],
             "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
             "model": {"type": "WordPiece", "unk_token": "[SEP]", "continuing_subword_prefix": "##",
               "max_input_chars_per_word": 100, "vocab": {"once": 0, "upon": 1, "##ly": 2, ".": 3}}}
            """;

    @Test
    void aContinuationKeepsItsFirstSpace() throws Exception {
        open(FALLBACK, tokenizer -> {
            assertThat(continuation(tokenizer, new int[] {0}, 0, 1)).isEqualTo(" ab");
            assertThat(continuation(tokenizer, new int[] {5, 1}, 0)).isEqualTo(" a");
            assertThat(continuation(tokenizer, new int[] {5}, 0)).isEqualTo("a"); // as the first word of a text
            assertThat(continuation(tokenizer, new int[] {}, 0)).isEqualTo("a");
            assertThat(continuation(tokenizer, new int[] {0, 5}, 5, 5, 0)).isEqualTo(" a");
        });
        open(WORD_PIECES, tokenizer -> {
            assertThat(continuation(tokenizer, new int[] {0, 4}, 1, 2, 3)).isEqualTo(" uponly.");
            assertThat(continuation(tokenizer, new int[] {0, 4}, 2, 1)).isEqualTo("ly upon");
        });
    }

    /** As transformers' pipeline, which leaves out as many characters as the prompt has. */
    @Test
    void bytesThatContinueNoCharacterChangeThoseOfThePrompt() throws Exception {
        open(FALLBACK, tokenizer -> {
            assertThat(tokenizer.decode(new int[] {1, 3, 4})).isEqualTo("b\u00e9");
            assertThat(continuation(tokenizer, new int[] {1, 3, 4}, 4, 1)).isEqualTo("\ufffd\ufffdb");
            assertThat(continuation(tokenizer, new int[] {1, 3, 4}, 2, 0)).isEqualTo("\n a");
            assertThat(continuation(tokenizer, new int[] {1, 3}, 4, 1)).isEqualTo("b"); // half a character before
        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "bert_base_cased",
                "bert_base_uncased",
                "distilbert_base_uncased",
                "gpt2",
                "gpt_neo",
                "llama2",
                "llama3",
                "mistral_v1",
                "phi3_mini",
                "qwen2.5",
                "roberta_base"
            })
    @EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
    void piecesAreTheTextOfAnyTokens(String name) {
        Path tokenizers = Path.of(System.getProperty("temper.shared"), "fixtures", "tokenizers");
        try (Tokenizer tokenizer = Tokenizer.open(tokenizers.resolve(name))) {
            Random random = new Random(7);
            int early = 0;
            for (int round = 0; round < 40; round++) {
                int[] prompt = tokenizer
                        .encode("A caf\u00e9, \ud83d\ude42".substring(0, round % 10))
                        .ids();
                // Low ids are bytes in most vocabularies: half of the rounds are full of broken characters.
                int bound = round % 2 == 0 ? 500 : tokenizer.vocabularySize();
                int[] ids = random.ints(60, 0, bound).toArray();

                List<String> pieces = pieces(tokenizer, prompt, ids);
                early += pieces.subList(0, 30).stream().anyMatch(piece -> !piece.isEmpty()) ? 1 : 0;
            }
            assertThat(early).isEqualTo(40);
        }
    }

    private interface Use {
        void of(Tokenizer tokenizer);
    }

    private void open(String json, Use use) throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"), json);
        Files.writeString(folder.resolve("tokenizer_config.json"), "{}");
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            use.of(tokenizer);
        }
    }

    private static String continuation(Tokenizer tokenizer, int[] prompt, int... answer) {
        return String.join("", pieces(tokenizer, prompt, answer));
    }

    private static List<String> pieces(Tokenizer tokenizer, int... ids) {
        return pieces(tokenizer, new int[0], ids);
    }

    private static List<String> pieces(Tokenizer tokenizer, int[] prompt, int[] ids) {
        StreamedText text = new StreamedText(tokenizer, prompt);
        List<String> pieces = new ArrayList<>();
        for (int id : ids) {
            pieces.add(text.add(id));
        }
        pieces.add(text.end());
        assertThat(String.join("", pieces))
                .as("%s after %s", Arrays.toString(ids), Arrays.toString(prompt))
                .isEqualTo(tokenizer.continuation(prompt, ids));
        return pieces;
    }
}
