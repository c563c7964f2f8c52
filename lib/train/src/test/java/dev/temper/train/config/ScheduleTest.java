package dev.temper.train.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.temper.check.InvalidInputException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ScheduleTest {
    @ParameterizedTest
    @CsvSource({
        "COSINE_WITH_MIN_LR, power, 1, lr_scheduler_type cosine_with_min_lr does not know it",
        "LINEAR, power, 1, lr_scheduler_type linear does not know it",
        "COSINE_WITH_MIN_LR, num_cycles, 1, needs either training.lr_scheduler_kwargs.min_lr or",
        "WARMUP_STABLE_DECAY, min_lr_ratio, 1, needs training.lr_scheduler_kwargs.num_decay_steps",
        "WARMUP_STABLE_DECAY, decay_type, 1, 'must be linear, cosine or 1-sqrt, got 1'",
        "POLYNOMIAL, lr_end, 0.1, 'must be smaller than training.learning_rate, 0.01, got 0.1'",
    })
    void refusesWhatItCannotFollow(Schedule.Type type, String key, double value, String message) {
        Object argument = key.endsWith("_type") ? (Object) Integer.toString((int) value) : value;

        assertThatThrownBy(() -> new Schedule(type, 1, 10, 0.01, Map.of(key, argument)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(message);
    }

    @Test
    void leastRateMayBeGivenAsOne() {
        Schedule schedule = new Schedule(Schedule.Type.COSINE_WITH_MIN_LR, 0, 10, 0.01, Map.of("min_lr", 0.002));

        assertThat(schedule.factor(0)).isEqualTo(1);
        assertThat(schedule.factor(5)).isCloseTo(0.6, within(1e-12));
        assertThat(schedule.factor(10)).isCloseTo(0.2, within(1e-12));
    }

    /** By hand from transformers' _get_wsd_scheduler_lambda. */
    @ParameterizedTest
    @CsvSource({"linear, 0.625, 0.625", "cosine, 0.625, 0.625", "1-sqrt, 0.46966991, 0.46966991"})
    void stableDecayRisesAndFallsInOtherCurves(String curve, double rising, double falling) {
        Schedule schedule = new Schedule(
                Schedule.Type.WARMUP_STABLE_DECAY,
                4,
                20,
                1,
                Map.of("num_decay_steps", 4, "min_lr_ratio", 0.25, "warmup_type", curve, "decay_type", curve));

        assertThat(schedule.factor(2)).isCloseTo(rising, within(1e-8));
        assertThat(schedule.factor(10)).isEqualTo(1);
        assertThat(schedule.factor(18)).isCloseTo(falling, within(1e-8));
        assertThat(schedule.factor(20)).isEqualTo(0.25);
    }
}
