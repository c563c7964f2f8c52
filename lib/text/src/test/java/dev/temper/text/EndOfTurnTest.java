package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import dev.temper.text.RenderedText.Span;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class EndOfTurnTest {
    private static final RenderedText WITHOUT = new RenderedText("q|a<s>", List.of(new Span(2, 3)));

    @TempDir
    Path folder;

    @Test
    void anAnswerMustEndWithATokenThatEndsIt() throws IOException {
        try (Tokenizer tokenizer = Tokenizer.open(TinyTokenizer.write(folder))) {
            EndOfTurn ends = new EndOfTurn(tokenizer, Set.of());
            RenderedText with = new RenderedText("q|a</s>\n", List.of(new Span(2, 8)));
            assertThatCode(() -> ends.check(List.of(with))).doesNotThrowAnyException();
            assertThatThrownBy(() -> ends.check(List.of(with, WITHOUT)))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageStartingWith(
                            "data.chat_template: what is learned of an answer ends with 'a', '<s>' follows"
                                    + " it and holds none of the tokens that end one (</s>), so the model would never"
                                    + " learn to stop: take a template that writes such a token after the answer");
            RenderedText outside = new RenderedText("q|a</s>", List.of(new Span(2, 3)));
            assertThatThrownBy(() -> ends.check(List.of(outside))).hasMessageContaining("'</s>' follows it");
        }
    }

    @Test
    void generationMayEndWithOtherTokens() throws IOException {
        try (Tokenizer tokenizer = Tokenizer.open(TinyTokenizer.write(folder))) {
            RenderedText row = new RenderedText("q|a<s>", List.of(new Span(2, 6)));
            assertThatCode(() -> new EndOfTurn(tokenizer, Set.of(TinyTokenizer.BEGIN)).check(List.of(row)))
                    .doesNotThrowAnyException();
        }
    }

    @Test
    void refusesChatsThatNoTokenEnds() throws IOException {
        try (Tokenizer tokenizer = Tokenizer.open(TinyTokenizer.write(folder, "{}"))) {
            assertThatThrownBy(() -> new EndOfTurn(tokenizer, Set.of()).check(List.of(WITHOUT)))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("neither the tokenizer nor the model names an end token");
        }
    }
}
