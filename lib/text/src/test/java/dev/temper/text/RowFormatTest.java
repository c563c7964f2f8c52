package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.temper.check.InvalidInputException;
import dev.temper.text.DataConfig.TrainOn;
import dev.temper.text.InputColumn.Content;
import dev.temper.text.RejectedRowException.Reason;
import dev.temper.text.RenderedText.Span;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class RowFormatTest {
    private static final RowFormat PAIR = format(Format.PROMPT_COMPLETION, Map.of("prompt", List.of("q")));
    private static final RowFormat TEXT = format(Format.TEXT, Map.of("text", List.of("text", "target")));

    @Test
    void textJoinsItsColumnsAndLearnsAll() {
        assertThat(TEXT.inputColumns())
                .containsExactly(
                        new InputColumn("text", Content.TEXT, true), new InputColumn("target", Content.TEXT, true));
        assertThat(TEXT.render(Map.of("text", "a", "target", "b")))
                .isEqualTo(new RenderedText("a\nb", List.of(new Span(0, 3))));
        assertThat(TEXT.kind()).isEqualTo(TextKind.PLAIN);
    }

    @Test
    void promptAndCompletionAreJoinedAsTheyAre() {
        assertThat(PAIR.inputColumns()).extracting(InputColumn::name).containsExactly("q", "completion");
        assertThat(PAIR.render(Map.of("q", "2+2=", "completion", " 4")))
                .isEqualTo(new RenderedText("2+2= 4", List.of(new Span(4, 6))));
    }

    @Test
    void trainOnAllLearnsThePromptToo() {
        RowFormat all = Formats.chat(Format.PROMPT_COMPLETION, TrainOn.ALL, ChatFormat.NONE);
        assertThat(all.render(Map.of("prompt", "a", "completion", "b")).trained())
                .containsExactly(new Span(0, 2));
    }

    @Test
    void alpacaPutsTheInputUnderTheInstruction() {
        RowFormat alpaca = Formats.plain(Format.ALPACA);
        assertThat(alpaca.render(Map.of("instruction", "Add", "input", "2 2", "output", "4")))
                .isEqualTo(new RenderedText("Add\n2 2\n4", List.of(new Span(8, 9))));
        assertThat(alpaca.render(Map.of("instruction", "Hi", "input", " ", "output", "Ho"))
                        .text())
                .isEqualTo("Hi\nHo");
        assertThat(alpaca.render(Map.of("instruction", "Hi", "system", "Be brief.", "output", "Ho"))
                        .text())
                .isEqualTo("Be brief.\nHi\nHo");
    }

    @Test
    void columnsThatAreNamedAreRequired() {
        assertThat(format(Format.ALPACA, Map.of("input", List.of("context"))).inputColumns())
                .containsExactly(
                        new InputColumn("instruction", Content.TEXT, true),
                        new InputColumn("context", Content.TEXT, true),
                        new InputColumn("output", Content.TEXT, true),
                        new InputColumn("system", Content.TEXT, false));
    }

    @Test
    void classesAreNamedOrNumbered() {
        RowFormat classes = classes("Negative", "Positive");
        assertThat(classes.kind()).isEqualTo(TextKind.CLASSIFIED);
        assertThat(classes.render(Map.of("text", "Good.", "label", "1")))
                .isEqualTo(new RenderedText("Good.", List.of()));
        assertThat(classes.label(Map.of("label", "Positive"))).containsExactly(1);
        assertThat(classes.label(Map.of("label", " 0"))).containsExactly(0);
        assertThat(classes.label(Map.of("label", "1.0"))).containsExactly(1);
        assertThat(classes("1", "0").label(Map.of("label", "0"))).containsExactly(1);
        assertThat(classes("1", "0").label(Map.of("label", "0.00"))).containsExactly(1);
        assertThat(classes("v1", "v1.0").label(Map.of("label", "v1.0"))).containsExactly(1);
        assertThat(PAIR.label(Map.of())).isEmpty();
        RejectedRowException unknown =
                catchThrowableOfType(RejectedRowException.class, () -> classes.label(Map.of("label", "2")));
        assertThat(unknown.reason()).isEqualTo(Reason.UNKNOWN_LABEL);
        assertThat(unknown.detail())
                .isEqualTo("'2' in label is neither one of the labels Negative, Positive nor a number from 0 to 1");
    }

    @Test
    void classesNamedByNumbersAreNotCounted() {
        RowFormat stars = classes("1", "2", "3");
        assertThat(stars.label(Map.of("label", "3"))).containsExactly(2);
        assertThat(catchThrowableOfType(RejectedRowException.class, () -> stars.label(Map.of("label", "0")))
                        .detail())
                .isEqualTo("'0' in label is not one of the labels 1, 2, 3");
    }

    @Test
    void messagesNeedATemplateAndStandOnBothSides() {
        String message = InputColumn.NESTED + "[{\"role\": \"user\", \"content\": \"q\"}]";
        assertThat(catchThrowableOfType(
                                RejectedRowException.class,
                                () -> PAIR.render(Map.of("q", message, "completion", message)))
                        .detail())
                .startsWith("prompt and completion are messages, which need a chat template");
        RowFormat chat = Formats.chat(Format.PROMPT_COMPLETION, TrainOn.ALL, Formats.template("{{ messages }}"));
        assertThat(catchThrowableOfType(
                                RejectedRowException.class,
                                () -> chat.render(Map.of("prompt", message, "completion", "a")))
                        .detail())
                .isEqualTo("completion must be a list of messages, as the other one of prompt and completion is");
        assertThat(chat.render(Map.of("prompt", message.substring(1), "completion", "a"))
                        .text())
                .contains("'[{\"role\": \"user\"");
    }

    /** Of every format, with a template and without. */
    @Test
    void whatIsAskedIsWhatStandsBeforeTheAnswer() {
        ChatFormat chat =
                Formats.template("{% for m in messages %}{{ m.role }}: {{ m.content }}{{ eos_token }}{% endfor %}"
                        + "{% if tools %}!{% endif %}{% if add_generation_prompt %}assistant: {% endif %}");
        String user = "{\"role\": \"user\", \"content\": \"Hi\"}";
        String answer = "{\"role\": \"assistant\", \"content\": \"Ho\"}";
        String talk = "[" + user + "," + answer + "," + user + "," + answer + "]";
        String gpt = talk.replace("role", "from").replace("content", "value").replace("assistant", "gpt");

        asks(Format.MESSAGES, chat, Map.of("messages", talk));
        asks(Format.SHAREGPT, chat, Map.of("conversations", gpt, "system", "Be brief."));
        asks(
                Format.PROMPT_COMPLETION,
                chat,
                Map.of(
                        "prompt",
                        InputColumn.NESTED + "[" + user + "]",
                        "completion",
                        InputColumn.NESTED + "[" + answer + "]"));
        for (ChatFormat template : List.of(chat, ChatFormat.NONE)) {
            asks(Format.PROMPT_COMPLETION, template, Map.of("prompt", "Hi", "completion", "Ho"));
            asks(Format.ALPACA, template, Map.of("instruction", "Add", "input", "2 2", "output", "4"));
            asks(Format.ALPACA, template, Map.of("instruction", "Add", "output", "4", "system", "Be brief."));
        }
        assertThat(Formats.chat(Format.MESSAGES, TrainOn.COMPLETION, chat)
                        .question(Map.of("messages", "[" + user + "]")))
                .isEqualTo("user: Hi</s>assistant: "); // a row need not have an answer
        assertThat(TEXT.question(Map.of("text", "a", "target", "b"))).isEqualTo("a\nb");
        assertThat(classes("a", "b").question(Map.of("text", "Good."))).isEqualTo("Good.");
    }

    private static void asks(Format format, ChatFormat chat, Map<String, String> row) {
        RowFormat rows = Formats.chat(format, TrainOn.COMPLETION, chat);
        RenderedText whole = rows.render(row);
        Map<String, String> asked = new HashMap<>(row);
        asked.keySet()
                .retainAll(
                        rows.questionColumns().stream().map(InputColumn::name).toList());
        assertThat(rows.question(asked))
                .isEqualTo(whole.text().substring(0, whole.trained().get(0).start()));
    }

    @Test
    void columnsThatOnlyATemplateReadsAreAskedForWithOne() {
        assertThat(PAIR.inputColumns()).extracting(InputColumn::name).containsExactly("q", "completion");
        RowFormat chat = Formats.chat(Format.PROMPT_COMPLETION, TrainOn.ALL, Formats.template("{{ messages }}"));
        assertThat(chat.inputColumns())
                .endsWith(
                        new InputColumn("tools", Content.OPTION, false),
                        new InputColumn("chat_template_kwargs", Content.OPTION, false));
    }

    @Test
    void rejectsRowsWithTheirReason() {
        assertThat(rejected("q", null)).isEqualTo(Reason.NULL_VALUE);
        assertThat(rejected("completion", " ")).isEqualTo(Reason.EMPTY);
    }

    @Test
    void refusesWhatCannotBe() {
        assertThatThrownBy(() -> format(Format.TEXT, Map.of("texts", List.of("a"))))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("data.columns: format text has no texts (text?); it has text");
        assertThatThrownBy(() -> format(Format.MESSAGES, Map.of("messages", List.of("a", "b"))))
                .hasMessage("data.columns: messages must be one column, only texts are joined");
        assertThatThrownBy(() -> classes())
                .hasMessage("data.format classification needs the names of the classes as model.labels");
        assertThatThrownBy(() ->
                        new RowFormat(Format.TEXT, Map.of(), "", "Be brief.", TrainOn.ALL, List.of(), ChatFormat.NONE))
                .hasMessageStartingWith("data.system needs a chat template to write it");
    }

    private static RowFormat format(Format format, Map<String, List<String>> columns) {
        return new RowFormat(format, columns, "\n", "", TrainOn.COMPLETION, List.of(), ChatFormat.NONE);
    }

    private static RowFormat classes(String... names) {
        return new RowFormat(Format.CLASSIFICATION, Map.of(), "", "", TrainOn.ALL, List.of(names), ChatFormat.NONE);
    }

    private static Reason rejected(String column, String value) {
        Map<String, String> row = new HashMap<>(Map.of("q", "a", "completion", "b"));
        row.put(column, value);
        return catchThrowableOfType(RejectedRowException.class, () -> PAIR.render(row))
                .reason();
    }
}
