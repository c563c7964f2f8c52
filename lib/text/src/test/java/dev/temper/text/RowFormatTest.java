package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.temper.check.InvalidInputException;
import dev.temper.text.DataConfig.Format;
import dev.temper.text.DataConfig.TrainOn;
import dev.temper.text.RejectedRowException.Reason;
import dev.temper.text.RenderedText.Span;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class RowFormatTest {
    private static final RowFormat PAIR =
            new RowFormat(Format.PROMPT_COMPLETION, Map.of("prompt", List.of("q")), "\n", TrainOn.COMPLETION);
    private static final RowFormat TEXT =
            new RowFormat(Format.TEXT, Map.of("text", List.of("text", "target")), "\n", TrainOn.COMPLETION);

    @Test
    void textJoinsItsColumnsAndLearnsAll() {
        assertThat(TEXT.columns()).containsExactly("text", "target");
        assertThat(TEXT.render(Map.of("text", "a", "target", "b")))
                .isEqualTo(new RenderedText("a\nb", List.of(new Span(0, 3))));
    }

    @Test
    void promptAndCompletionAreJoinedAsTheyAre() {
        assertThat(PAIR.columns()).containsExactly("q", "completion");
        assertThat(PAIR.render(Map.of("q", "2+2=", "completion", " 4")))
                .isEqualTo(new RenderedText("2+2= 4", List.of(new Span(4, 6))));
    }

    @Test
    void trainOnAllLearnsThePromptToo() {
        RowFormat all = new RowFormat(Format.PROMPT_COMPLETION, Map.of(), "", TrainOn.ALL);
        assertThat(all.render(Map.of("prompt", "a", "completion", "b")).trained())
                .containsExactly(new Span(0, 2));
    }

    @Test
    void rejectsRowsWithTheirReason() {
        assertThat(rejected("q", null)).isEqualTo(Reason.NULL_VALUE);
        assertThat(rejected("q", 4L)).isEqualTo(Reason.WRONG_TYPE);
        assertThat(rejected("completion", " ")).isEqualTo(Reason.EMPTY);
    }

    @Test
    void aRoleThatTheFormatLacksIsRefused() {
        assertThatThrownBy(() -> new RowFormat(Format.TEXT, Map.of("texts", List.of("a")), "", TrainOn.ALL))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("data.columns: format text has no texts (text?); it has text");
    }

    private static Reason rejected(String column, Object value) {
        Map<String, Object> row = new HashMap<>(Map.of("q", "a", "completion", "b"));
        row.put(column, value);
        return catchThrowableOfType(RejectedRowException.class, () -> PAIR.render(row))
                .reason();
    }
}
