package dev.temper.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SamplerTest {
    /** Logarithms of 0.4, 0.3, 0.15, 0.1, 0.05. */
    private static final float[] LOGITS = logits(0.4, 0.3, 0.15, 0.1, 0.05);

    @ParameterizedTest
    @CsvSource({
        "1, 0, 1, 0, 0.4 0.3 0.15 0.1 0.05",
        "0.5, 0, 1, 0, 0.561403 0.315789 0.078947 0.035088 0.008772",
        "1, 2, 1, 0, 0.571429 0.428571 0 0 0",
        "1, 9, 1, 0, 0.4 0.3 0.15 0.1 0.05",
        "1, 0, 0.8, 0, 0.470588 0.352941 0.176471 0 0",
        "1, 0, 0.0001, 0, 1 0 0 0 0",
        "1, 0, 1, 0.3, 0.470588 0.352941 0.176471 0 0",
        "1, 4, 0.9, 0.5, 0.571429 0.428571 0 0 0",
    })
    void keepsWhatItsSettingsKeep(double temperature, int topK, double topP, double minP, String expected) {
        double[] probabilities = sampler(temperature, topK, topP, minP, 1).probabilities(LOGITS.clone());

        double[] values = Arrays.stream(expected.split(" "))
                .mapToDouble(Double::parseDouble)
                .toArray();
        assertThat(probabilities).containsExactly(values, within(1e-6));
    }

    @Test
    void drawsAsOftenAsTheProbabilitiesSay() {
        Sampler sampler = sampler(1, 0, 1, 0, 1);
        double[] share = new double[LOGITS.length];
        for (int sequence = 0; sequence < 20_000; sequence++) {
            share[sampler.next(LOGITS.clone(), new int[3], sequence)] += 1 / 20_000.0;
        }

        assertThat(share).containsExactly(new double[] {0.4, 0.3, 0.15, 0.1, 0.05}, within(0.015));
    }

    @Test
    void penalizesASeenTokenOnceWhateverItsSign() {
        GenerationConfig greedy = new GenerationConfig(List.of(), 0, 1, false, 1, 0, 1, 0, 2);

        assertThat(new Sampler(greedy, 0).next(new float[] {3, 2, 1}, new int[] {0, 0}, 0))
                .isEqualTo(1); // 3 / 2, once, is between 1 and 2
        assertThat(new Sampler(greedy, 0).next(new float[] {3, 1.4f, 1}, new int[] {0, 0}, 0))
                .isEqualTo(0);
        assertThat(new Sampler(greedy, 0).next(new float[] {-1, -1.5f, -3}, new int[] {0}, 0))
                .isEqualTo(1); // -1 becomes -2
    }

    private static Sampler sampler(double temperature, int topK, double topP, double minP, double penalty) {
        return new Sampler(new GenerationConfig(List.of(), 0, 1, true, temperature, topK, topP, minP, penalty), 11);
    }

    private static float[] logits(double... probabilities) {
        float[] logits = new float[probabilities.length];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) Math.log(probabilities[i]) + 2;
        }
        return logits;
    }
}
