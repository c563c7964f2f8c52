package dev.temper.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class CheckTest {
    @Test
    void distanceCountsCharacters() {
        assertThat(Check.distance("", "abc")).isEqualTo(3);
        assertThat(Check.distance("kitten", "sitting")).isEqualTo(3);
        assertThat(Check.distance("lenght", "length")).isEqualTo(2);
        assertThat(Check.distance("same", "same")).isZero();
    }

    @Test
    void nearestIsTheFirstOfThoseWithinTheLimit() {
        List<String> names = List.of("train", "trail", "eval");

        assertThat(Check.nearest("trian", names, 2)).contains("train");
        assertThat(Check.nearest("traim", names, 1)).contains("train");
        assertThat(Check.nearest("trian", names, 1)).isEmpty();
        assertThat(Check.nearest("test", names)).isEmpty();
    }

    @Test
    void someNamesFitOnALine() {
        assertThat(Check.some(List.of())).isEmpty();
        assertThat(Check.some(List.of("a", "b"))).isEqualTo("a, b");
        assertThat(Check.some(List.of("x".repeat(200)))).isEqualTo("x".repeat(200));
        assertThat(Check.some(List.of("x".repeat(50), "y".repeat(20), "z".repeat(20), "a")))
                .isEqualTo("x".repeat(50) + ", " + "y".repeat(20) + " and 2 more");
    }
}
