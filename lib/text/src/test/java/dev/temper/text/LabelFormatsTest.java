package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Numbers, and several labels a row. */
final class LabelFormatsTest {
    private static final List<String> LABELS = List.of("funny", "very sad", "long");

    @ParameterizedTest
    @ValueSource(
            strings = {
                "funny;long",
                " long ; funny ",
                "[\"funny\", \"long\"]",
                " [\"long\",\"funny\"]",
                "\uffff[\"funny\",\"long\"]",
                "\uffff[0,2]",
                "0;2",
                "[0, \"long\"]"
            })
    void labelsAreAListOrStandBetweenSemicolons(String value) {
        assertThat(labels(value, LABELS)).containsExactly(1, 0, 1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "  ", "[]", "\uffff[]"})
    void noLabelsAreNone(String value) {
        assertThat(labels(value, LABELS)).containsExactly(0, 0, 0);
    }

    @Test
    void aNameMayHaveSpacesAndSemicolonsInAList() {
        assertThat(labels("very sad", LABELS)).containsExactly(0, 1, 0);
        assertThat(labels("[\"a;b\"]", List.of("a;b", "c"))).containsExactly(1, 0);
        assertThat(labels("5;3", List.of("3", "5"))).containsExactly(1, 1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "funny;odd | unknown_label | 'odd' in tags is neither one of the labels funny, very sad, long nor a"
                        + " number from 0 to 2",
                "funny; | unknown_label | '' in tags is neither one of the labels funny, very sad, long nor a number"
                        + " from 0 to 2",
                "funny;0 | unknown_label | 'funny' is twice in tags",
                "[\"funny\" | bad_json | tags begins with [ and is no list in JSON",
                "[0.5] | wrong_type | tags holds 0.5, which is no name of a label and no number of one",
                "[null] | wrong_type | tags holds null, which is no name of a label and no number of one"
            })
    void whatIsNoLabelIsRejected(String value, String reason, String detail) {
        assertThatThrownBy(() -> labels(value, LABELS))
                .isInstanceOfSatisfying(
                        RejectedRowException.class,
                        why -> assertThat(why.reason().label()).isEqualTo(reason))
                .hasMessage(detail);
    }

    @ParameterizedTest
    @CsvSource({"3, 3", "-0.25, -0.25", " 1e3 , 1000", ".5, 0.5", "+2., 2", "1e-50, 0"})
    void aNumberIsRead(String value, float number) {
        assertThat(number(value)).isEqualTo(number);
    }

    @ParameterizedTest
    @ValueSource(strings = {"NaN", "Infinity", "-Infinity", "1e39", "many", "", "0x1p3", "1f", "1,5"})
    void whatIsNoFiniteNumberIsRejected(String value) {
        assertThatThrownBy(() -> number(value))
                .isInstanceOf(RejectedRowException.class)
                .hasMessage("'" + value + "' in stars is no number that can be learned: write one such as 3.5");
    }

    @Test
    void manyLabelsTakeSeveralWords() {
        List<String> many = IntStream.range(0, 70).mapToObj(i -> "l" + i).toList();
        LabelSet format = new LabelSet();

        int[] words = format.read("l0;l31;l32;l69", many, "tags");

        assertThat(words).hasSize(3).hasSize(format.words(many));
        assertThat(IntStream.range(0, 70).filter(i -> LabelSet.has(words, i))).containsExactly(0, 31, 32, 69);
        assertThat(format.text(words, many)).isEqualTo("l0;l31;l32;l69");
        assertThat(format.text(new int[3], many)).isEmpty();
    }

    private static int[] labels(String value, List<String> labels) {
        int[] words = new LabelSet().read(value, labels, "tags");
        return IntStream.range(0, labels.size())
                .map(i -> LabelSet.has(words, i) ? 1 : 0)
                .toArray();
    }

    private static float number(String value) {
        NumberLabel format = new NumberLabel();
        int[] words = format.read(value, List.of(), "stars");
        assertThat(format.text(words, List.of())).isEqualTo(String.valueOf(NumberLabel.number(words)));
        return NumberLabel.number(words);
    }
}
