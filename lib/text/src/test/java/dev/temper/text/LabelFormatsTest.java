package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Numbers of rows. */
final class LabelFormatsTest {
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

    private static float number(String value) {
        NumberLabel format = new NumberLabel();
        int[] words = format.read(value, List.of(), "stars");
        assertThat(format.text(words, List.of())).isEqualTo(String.valueOf(NumberLabel.number(words)));
        return NumberLabel.number(words);
    }
}
