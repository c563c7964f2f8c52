package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** As {@code tokenizer.add_tokens} of transformers: lib/bench/clients/new_tokens.py compares with that. */
final class AddedTokensTest {
    private static final AddedTokens ADDED = new AddedTokens(List.of(
            NewToken.of("<call>"), NewToken.of("<s>"), NewToken.of("abc"), new NewToken("<end>", Optional.of(true))));

    @TempDir
    Path folder;

    @Test
    void eachGetsTheNextIdUnlessItHasOne() throws Exception {
        try (Tokenizer tokenizer = Tokenizer.open(TinyTokenizer.write(folder), ADDED)) {
            assertThat(tokenizer.vocabularySize()).isEqualTo(262);
            assertThat(tokenizer.encode("x<call>abcd<end>").ids())
                    .containsExactly(TinyTokenizer.BEGIN, 'x', 260, 257, 'd', 261);
            assertThat(tokenizer.decode(new int[] {260, 'd', 261})).isEqualTo("<call>d");
            assertThat(tokenizer.text(260, 'd', 261)).isEqualTo("<call>d<end>");
        }
        TokenIds ids = TokenIds.read(Folder.local(folder), ADDED);
        assertThat(ids.present()).containsExactly("<s>", "abc");
        assertThat(ids.find("<end>")).hasValue(261);
        assertThat(ids.find("abc")).hasValue(257);
        assertThat(ids.find("<no>")).isEmpty();
        assertThat(ids.size()).isEqualTo(262);
    }

    @Test
    void aTokenizerSavedWithThemIsTheSameAndGetsNoMore() throws Exception {
        TinyTokenizer.write(
                folder,
                "{\"bos_token\": \"<s>\", \"added_tokens_decoder\": {\"258\": {\"content\": \"<s>\", "
                        + "\"normalized\": false, \"special\": true}}}");
        Files.writeString(folder.resolve("added_tokens.json"), "{\"<s>\": 258}");
        String asked = TokenIds.read(Folder.local(folder), ADDED).hash();
        ADDED.changes(Folder.local(folder)).forEach(this::write);

        assertThat(Files.readString(folder.resolve("tokenizer_config.json")).replaceAll("\\s", ""))
                .contains("\"260\":{\"content\":\"<call>\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,"
                        + "\"normalized\":true,\"special\":false}")
                .contains("\"258\":{\"content\":\"<s>\",\"normalized\":false,\"special\":true}");
        assertThat(Files.readString(folder.resolve("added_tokens.json")).replaceAll("\\s", ""))
                .isEqualTo("{\"<s>\":258,\"<call>\":260,\"abc\":257,\"<end>\":261}");
        assertThat(TokenIds.read(Folder.local(folder), AddedTokens.NONE).hash()).isEqualTo(asked);
        assertThat(TokenIds.read(Folder.local(folder), ADDED).hash()).isEqualTo(asked);
        try (Tokenizer plain = Tokenizer.open(folder);
                Tokenizer again = Tokenizer.open(folder, ADDED)) {
            assertThat(again.encode("<call>x").ids())
                    .isEqualTo(plain.encode("<call>x").ids());
            assertThat(again.vocabularySize()).isEqualTo(262);
        }
    }

    @Test
    void whatIsNoTokenIsRefused() {
        assertRefused("model.add_tokens names '<a>' twice; name it once", "<a>", "<b>", "<a>");
        assertRefused("model.add_tokens: ' ' is blank, and no token", " ");
    }

    private static void assertRefused(String message, String... tokens) {
        assertThatThrownBy(() -> new AddedTokens(
                        List.of(tokens).stream().map(NewToken::of).toList()))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage(message);
    }

    private void write(String file, String text) {
        try {
            Files.writeString(folder.resolve(file), text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
