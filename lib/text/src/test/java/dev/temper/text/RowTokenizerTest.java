package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.temper.check.InvalidInputException;
import dev.temper.text.DataConfig.TooLong;
import dev.temper.text.RejectedRowException.Reason;
import dev.temper.text.RenderedText.Span;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RowTokenizerTest {
    @TempDir
    Path folder;

    private Tokenizer tokenizer;

    @BeforeEach
    void open() throws IOException {
        tokenizer = Tokenizer.open(TinyTokenizer.write(folder));
    }

    @AfterEach
    void close() {
        tokenizer.close();
    }

    @Test
    void learnsTheCompletionAndTheEndToken() {
        TokenRow row = tokens("xyabc", 2);
        assertThat(row.inputIds()).containsExactly(TinyTokenizer.BEGIN, 'x', 'y', 257, TinyTokenizer.END);
        assertThat(row.trained()).containsExactly(false, false, false, true, true);
    }

    @Test
    void aTokenAcrossTheBorderBelongsToTheCompletion() {
        TokenRow row = tokens("xabc", 2); // "abc" is one token, the completion is "bc"
        assertThat(row.trained()).containsExactly(false, false, true, true);
    }

    @Test
    void aTokenAcrossTheEndOfAnAnswerBelongsToItToo() {
        RowTokenizer chats = new RowTokenizer(tokenizer, TextKind.CHAT, 100, TooLong.FAIL);
        RenderedText row = new RenderedText("xyabcz", List.of(new Span(1, 3))); // "abc" is one token
        assertThat(chats.tokens(row).trained()).containsExactly(false, true, true, false);
    }

    @Test
    void aRoleThatTookTheNewlinesOfAnAnswerIsNotPartOfIt() throws IOException {
        Path file = TinyTokenizer.write(folder).resolve("tokenizer.json");
        String end = "\"content\":\"</s>\",\"special\":true,\"single_word\":false,\"lstrip\":false,\"rstrip\":";
        String json = Files.readString(file);
        assertThat(json).contains(end + "false");
        Files.writeString(file, json.replace(end + "false", end + "true"));
        try (Tokenizer greedy = Tokenizer.open(folder)) {
            RowTokenizer chats = new RowTokenizer(greedy, TextKind.CHAT, 100, TooLong.FAIL);
            TokenRow row = chats.tokens(new RenderedText("x</s>\n\n\nyz", List.of(new Span(6, 10))));
            assertThat(row.inputIds()).containsExactly('x', TinyTokenizer.END, 'y', 'z');
            assertThat(row.trained()).containsExactly(false, false, true, true);
            TokenRow ended = chats.tokens(new RenderedText("xy</s>\n\nz", List.of(new Span(1, 6))));
            assertThat(ended.trained()).containsExactly(false, true, true, false);
        }
    }

    /** The library's own code would end the process with more than ten million of one kind. */
    @Test
    void aRunThatThePatternCannotTakeIsARejectedRow() throws IOException {
        try (Tokenizer splitting = Tokenizer.open(TinyTokenizer.writeSplitting(folder, "\\s*[\\r\\n]+|\\s+|\\S+"))) {
            RowTokenizer rows = new RowTokenizer(splitting, TextKind.PLAIN, 5, TooLong.TRUNCATE);
            String blanks = " ".repeat(1_000_001);

            List<RowTokenizer.Result> results =
                    rows.tokens(List.of(learned("abc x"), learned("a" + blanks), learned("xy")));

            assertThat(results.get(0).tokens().inputIds())
                    .containsExactly(TinyTokenizer.BEGIN, 257, ' ', 'x', TinyTokenizer.END);
            assertThat(results.get(2).tokens().inputIds())
                    .containsExactly(TinyTokenizer.BEGIN, 'x', 'y', TinyTokenizer.END);
            RejectedRowException why = results.get(1).rejection();
            assertThat(why.reason()).isEqualTo(RejectedRowException.Reason.TOO_MANY_CHARACTERS);
            assertThat(why.detail())
                    .isEqualTo("1,000,001 blanks, letters, digits or signs on end, and the patterns of its tokenizer"
                            + " take 1,000,000 at most");
            assertThatThrownBy(() -> splitting.encode(blanks))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageStartingWith("a text cannot be tokenized: it has 1,000,001 blanks");
        }
    }

    @Test
    void aNewlineOfATokenItselfIsPartOfTheAnswer() throws IOException {
        try (Tokenizer other = Tokenizer.open(TinyTokenizer.add(TinyTokenizer.write(folder), "y\n\n"))) {
            RowTokenizer chats = new RowTokenizer(other, TextKind.CHAT, 100, TooLong.FAIL);
            TokenRow row = chats.tokens(new RenderedText("xy\n\nz", List.of(new Span(3, 5)))); // the answer: "\nz"
            assertThat(row.inputIds()).containsExactly('x', 260, 'z');
            assertThat(row.trained()).containsExactly(false, true, true);
        }
    }

    @Test
    void anEndTokenInTheTextIsNotRepeated() {
        TokenRow row = tokens("xy</s>", 1);
        assertThat(row.inputIds()).hasSize(4).endsWith(TinyTokenizer.END);
        assertThat(row.trained()).containsExactly(false, false, true, true);
    }

    @Test
    void nothingPredictsTheFirstToken() {
        assertThat(tokens("xy", 0).trained()).containsExactly(false, true, true, true);
    }

    @Test
    void aLongRowIsCutDroppedOrRefused() {
        RenderedText row = row("vwxyz", 3);
        TokenRow cut = new RowTokenizer(tokenizer, TextKind.PLAIN, 5, TooLong.TRUNCATE).tokens(row);
        assertThat(cut.trained()).containsExactly(false, false, false, false, true);
        assertThat(reason(new RowTokenizer(tokenizer, TextKind.PLAIN, 4, TooLong.TRUNCATE), row))
                .isEqualTo(Reason.NO_TRAINED_TOKENS);
        assertThat(reason(new RowTokenizer(tokenizer, TextKind.PLAIN, 6, TooLong.DROP), row))
                .isEqualTo(Reason.TOO_LONG);
        assertThat(new RowTokenizer(tokenizer, TextKind.PLAIN, 7, TooLong.FAIL)
                        .tokens(row)
                        .length())
                .isEqualTo(7);
        assertThatThrownBy(() -> new RowTokenizer(tokenizer, TextKind.PLAIN, 6, TooLong.FAIL).tokens(row))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("a row has 7 tokens, more than data.max_length 6");
    }

    @Test
    void aRowWithATokenThatTheModelLacksIsRejected() throws Exception {
        try (Tokenizer more = Tokenizer.open(TinyTokenizer.add(folder, "<image>"))) {
            RowTokenizer rows = new RowTokenizer(more, TextKind.PLAIN, 5, TooLong.TRUNCATE, 260);

            List<RowTokenizer.Result> results =
                    rows.tokens(List.of(row("xy", 0), row("x<image>y", 0), row("vwxyz<image>", 0)));

            assertThat(results.get(0).tokens().inputIds()).hasSize(4);
            assertThat(results.get(1).rejection().reason()).isEqualTo(RejectedRowException.Reason.UNKNOWN_TOKEN);
            assertThat(results.get(1).rejection().detail())
                    .isEqualTo("it contains <image>, token 260, and the model has rows for 260 tokens only");
            assertThat(results.get(2).rejection())
                    .as("what is cut off does not matter")
                    .isNull();
        }
    }

    @Test
    void aChatGetsNoTokensBesidesItsText() {
        RowTokenizer chats = new RowTokenizer(tokenizer, TextKind.CHAT, 100, TooLong.FAIL);
        TokenRow row = chats.tokens(new RenderedText("<s>xy</s>z", List.of(new Span(4, 9))));
        assertThat(row.inputIds()).containsExactly(TinyTokenizer.BEGIN, 'x', 'y', TinyTokenizer.END, 'z');
        assertThat(row.trained()).containsExactly(false, false, true, true, false);
    }

    @Test
    void severalPartsAreLearned() {
        RowTokenizer chats = new RowTokenizer(tokenizer, TextKind.CHAT, 100, TooLong.FAIL);
        RenderedText row = new RenderedText("uvwxyz", List.of(new Span(1, 2), new Span(4, 5)));
        assertThat(chats.tokens(row).trained()).containsExactly(false, true, false, false, true, false);
    }

    @Test
    void aTextWithAClassKeepsItsClosingTokenAndLearnsNone() throws IOException {
        try (Tokenizer closing = Tokenizer.open(TinyTokenizer.writeClosing(folder))) {
            RowTokenizer classes = new RowTokenizer(closing, TextKind.CLASSIFIED, 4, TooLong.TRUNCATE);
            RowTokenizer.Result cut = classes.tokens(List.of(new RenderedText("vwxyz", List.of())))
                    .get(0);
            assertThat(cut.tokens().inputIds()).containsExactly(TinyTokenizer.BEGIN, 'v', 'w', TinyTokenizer.END);
            assertThat(cut.tokens().labels()).containsOnly(-100);
            assertThat(cut.fullLength()).isEqualTo(7);
            assertThatThrownBy(() -> new RowTokenizer(closing, TextKind.CLASSIFIED, 2, TooLong.TRUNCATE))
                    .hasMessage("data.max_length 2 leaves no room for a text: the tokenizer adds 2 tokens to each");
        }
    }

    @Test
    void rowsOfABatchKeepTheirOrder() {
        RowTokenizer rows = new RowTokenizer(tokenizer, TextKind.PLAIN, 5, TooLong.DROP);
        List<RowTokenizer.Result> results =
                rows.tokens(List.of(row("xy", 0), row("xyz", 1), row("vwxyz", 0), row("vwxyz", 2), row("z", 0)));
        assertThat(results).extracting(RowTokenizer.Result::fullLength).containsExactly(4, 5, 7, 7, 3);
        assertThat(results.get(1).tokens().labels()).containsExactly(-100, -100, 'y', 'z', TinyTokenizer.END);
        assertThat(results.get(2).rejection().reason()).isEqualTo(Reason.TOO_LONG);
        assertThat(results.get(4).tokens().inputIds()).containsExactly(TinyTokenizer.BEGIN, 'z', TinyTokenizer.END);
    }

    @Test
    void labelsAreTheTokensThatCount() {
        TokenRow row = new TokenRow(new int[] {7, 8, 9}, new boolean[] {false, true, false});
        assertThat(row.labels()).containsExactly(-100, 8, -100);
        assertThat(TokenRow.of(row.inputIds(), row.labels()).trained()).isEqualTo(row.trained());
        assertThat(row.trainedTokens()).isEqualTo(1);
    }

    private TokenRow tokens(String text, int border) {
        return new RowTokenizer(tokenizer, TextKind.PLAIN, 100, TooLong.FAIL).tokens(row(text, border));
    }

    private static Reason reason(RowTokenizer tokenizer, RenderedText row) {
        return catchThrowableOfType(RejectedRowException.class, () -> tokenizer.tokens(row))
                .reason();
    }

    private static RenderedText row(String text, int border) {
        return new RenderedText(text, List.of(new Span(border, text.length())));
    }

    private static RenderedText learned(String text) {
        return new RenderedText(text, List.of(new Span(0, text.length())));
    }
}
