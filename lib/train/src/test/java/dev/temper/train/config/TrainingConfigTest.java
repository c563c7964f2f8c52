package dev.temper.train.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.temper.check.InvalidInputException;
import dev.temper.model.Regularization;
import dev.temper.train.Settings;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class TrainingConfigTest {
    @ParameterizedTest
    @CsvSource({
        "loss, , eval/loss, false",
        "eval/loss, , eval/loss, false",
        "log_loss, , eval/log_loss, false",
        "perplexity, , eval/perplexity, false",
        "accuracy, , eval/accuracy, true",
        "eval/f1_macro, , eval/f1_macro, true",
        "loss, true, eval/loss, true",
        "accuracy, false, eval/accuracy, false"
    })
    void knowsFromTheNameWhatIsBetter(String metric, Boolean said, String logged, boolean isGreaterBetter) {
        Settings settings = new Settings();
        settings.metricForBestModel = metric;
        settings.greaterIsBetter = Optional.ofNullable(said);

        assertThat(settings.config().bestMetric()).isEqualTo(logged);
        assertThat(settings.config().isGreaterBetter()).isEqualTo(isGreaterBetter);
    }

    @Test
    void offloadingNeedsCheckpointing() {
        Settings settings = new Settings();
        settings.offloading = true;

        assertThatThrownBy(settings::config)
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("training.activation_offloading: true")
                .hasMessageContaining("training.gradient_checkpointing: true");
    }

    @Test
    void regularizationIsChecked() {
        Settings settings = new Settings();
        assertThat(settings.config().regularization()).isEqualTo(Regularization.NONE);
        settings.labelSmoothing = 0.1;
        settings.noiseAlpha = OptionalDouble.of(5);
        assertThat(settings.config().regularization()).isEqualTo(new Regularization(0.1, 5));

        settings.classWeights = List.of(1, 2);
        assertRefused(
                settings,
                "training.class_weights with label_smoothing_factor is not supported: transformers smooths without"
                        + " weights; leave one of them out");
        settings.classWeights = List.of();
        settings.labelSmoothing = 1;
        assertRefused(settings, "training.label_smoothing_factor must be in [0, 1), got 1.0");
        settings.labelSmoothing = -0.1;
        assertRefused(settings, "training.label_smoothing_factor must be in [0, 1), got -0.1");
        settings.labelSmoothing = 0;
        settings.noiseAlpha = OptionalDouble.of(-1);
        assertRefused(settings, "training.neftune_noise_alpha must be a number from 0 on, got -1.0");
        settings.noiseAlpha = OptionalDouble.of(Double.NaN);
        assertRefused(settings, "training.neftune_noise_alpha must be a number from 0 on, got NaN");
    }

    private static void assertRefused(Settings settings, String message) {
        assertThatThrownBy(settings::config)
                .isInstanceOf(InvalidInputException.class)
                .hasMessage(message);
    }

    @Test
    void scheduleHasItsArgumentsAndTheWarmUp() {
        Settings settings = new Settings();
        settings.schedule = Schedule.Type.COSINE_WITH_MIN_LR;
        settings.scheduleKwargs = Map.of("min_lr", "5e-4"); // as YAML reads it
        settings.learningRate = 1e-3;
        settings.warmupSteps = 2;

        Schedule schedule = settings.config().schedule(12);

        assertThat(schedule.factor(1)).isEqualTo(0.5);
        assertThat(schedule.factor(2)).isEqualTo(1);
        assertThat(schedule.factor(12)).isCloseTo(0.5, within(1e-12));
    }
}
