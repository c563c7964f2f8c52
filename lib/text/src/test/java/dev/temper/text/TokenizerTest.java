package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TokenizerTest {
    @TempDir
    Path folder;

    @Test
    void knowsItsTokens() throws IOException {
        try (Tokenizer tokenizer = Tokenizer.open(TinyTokenizer.write(folder))) {
            assertThat(tokenizer.beginToken()).hasValue(TinyTokenizer.BEGIN);
            assertThat(tokenizer.endToken()).hasValue(TinyTokenizer.END);
            assertThat(tokenizer.endText()).hasValue("</s>");
            assertThat(tokenizer.padToken()).isEmpty();
            assertThat(tokenizer.vocabularySize()).isEqualTo(TinyTokenizer.END + 1);
        }
    }

    @Test
    void addsSpecialTokensOnlyWhenAsked() throws IOException {
        try (Tokenizer tokenizer = Tokenizer.open(TinyTokenizer.write(folder))) {
            assertThat(tokenizer.encodePlain("abc").ids()).containsExactly(257);
            Encoding encoding = tokenizer.encode("abc");
            assertThat(encoding.ids()).containsExactly(TinyTokenizer.BEGIN, 257);
            assertThat(encoding.special()).containsExactly(true, false);
            assertThat(tokenizer.decode(encoding.ids())).isEqualTo("abc");
        }
    }

    @Test
    void textsOfABatchAreEncodedAlone() throws IOException {
        try (Tokenizer tokenizer = Tokenizer.open(TinyTokenizer.write(folder))) {
            long before = Tokenizer.nativeNanos();
            List<Encoding> batch = tokenizer.encode(List.of("abc", "\u00e9x", ""), Tokenizer.Added.SPECIAL_TOKENS);
            assertThat(batch).extracting(Encoding::length).containsExactly(2, 4, 1);
            assertThat(batch.get(1).ends()).containsExactly(0, 1, 1, 2);
            assertThat(tokenizer.ids(List.of("abc", "x"), Tokenizer.Added.NOTHING))
                    .containsExactly(new int[] {257}, new int[] {'x'});
            assertThat(Tokenizer.nativeNanos()).isGreaterThan(before);
            assertThat(tokenizer.text(TinyTokenizer.END)).isEqualTo("</s>");
        }
    }

    @Test
    void neverCutsALongText() throws IOException {
        try (Tokenizer tokenizer = Tokenizer.open(TinyTokenizer.write(folder))) {
            assertThat(tokenizer.encodePlain("x".repeat(5000)).length()).isEqualTo(5000);
        }
    }

    @Test
    void offsetsAreIndexesOfTheJavaString() throws IOException {
        String text = "\uD83D\uDE00ab\u00e9c";
        try (Tokenizer tokenizer = Tokenizer.open(TinyTokenizer.write(folder))) {
            Encoding encoding = tokenizer.encodePlain(text);
            // four bytes of the emoji, "ab", two bytes of é, "c"
            assertThat(encoding.starts()).containsExactly(0, 0, 0, 0, 2, 4, 4, 5);
            assertThat(encoding.ends()).containsExactly(2, 2, 2, 2, 4, 5, 5, 6);
            assertThat(tokenizer.decode(encoding.ids())).isEqualTo(text);
        }
    }

    @Test
    void halfASurrogatePairMovesNoOffset() throws IOException {
        try (Tokenizer tokenizer = Tokenizer.open(TinyTokenizer.write(folder))) {
            Encoding encoding = tokenizer.encodePlain("\uD83Dab");
            assertThat(encoding.starts()[encoding.length() - 1]).isEqualTo(1);
            assertThat(encoding.ends()[encoding.length() - 1]).isEqualTo(3);
        }
    }

    @Test
    void zeroCharactersAreKept() throws IOException {
        try (Tokenizer tokenizer = Tokenizer.open(TinyTokenizer.write(folder))) {
            Encoding encoding = tokenizer.encodePlain("a\u0000b");
            assertThat(encoding.length()).isEqualTo(3);
            assertThat(tokenizer.decode(encoding.ids())).isEqualTo("a\u0000b");
        }
    }

    @Test
    void sharesOnePerFolder() throws IOException {
        TinyTokenizer.write(folder);
        assertThat(Tokenizer.shared(folder)).isSameAs(Tokenizer.shared(folder.resolve("../" + folder.getFileName())));
    }

    @Test
    void namesTheFileThatIsMissingOrBroken() throws IOException {
        assertInvalid("tokenizer.json is missing");
        TinyTokenizer.write(folder, "{\"eos_token\": ");
        assertInvalid("tokenizer_config.json is no valid JSON");
        Files.writeString(folder.resolve("tokenizer.json"), "{\"model\": {\"type\": \"Nothing\"}}");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{}");
        assertInvalid("tokenizer.json is no tokenizer that can be read");
    }

    private void assertInvalid(String part) {
        assertThatThrownBy(() -> Tokenizer.open(folder))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(part);
    }
}
