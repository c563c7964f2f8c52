package dev.temper.track;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class MetricsLogTest {
    @Test
    void keepsTheOrderAndTheNewestValueOfAName() {
        MetricsLog log = new MetricsLog();
        Metric first = new Metric(1, "train/loss", 2.5, Instant.EPOCH);
        Metric second = new Metric(2, "train/loss", 1.5, Instant.EPOCH);
        Metric other = new Metric(2, "eval/loss", 3, Instant.EPOCH);
        log.append(first);
        log.append(second);
        log.append(other);

        assertThat(log.metrics()).containsExactly(first, second, other);
        assertThat(log.last("train/loss")).hasValue(1.5);
        assertThat(log.last("eval/accuracy")).isEmpty();
    }

    @Test
    void losesNothingFromManyThreads() {
        MetricsLog log = new MetricsLog();

        IntStream.range(0, 1000)
                .parallel()
                .forEach(step -> log.append(new Metric(step, "train/loss", step, Instant.EPOCH)));

        assertThat(log.metrics())
                .extracting(Metric::step)
                .doesNotHaveDuplicates()
                .hasSize(1000);
    }
}
