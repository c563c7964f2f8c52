package dev.temper.run.output;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.track.Metric;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class ScoresTest {
    private static final Scores SCORES = new Scores(List.of(
            metric(0, "eval/loss", 0.75),
            metric(1, "train/loss", 0.7),
            metric(5, "eval/loss", 0.5),
            metric(5, "eval/roc_auc", 0.875)));

    private static Metric metric(long step, String name, double value) {
        return new Metric(step, name, value, Instant.EPOCH);
    }

    @Test
    void areOfAStepAndNotOfTraining() {
        assertThat(SCORES.at(5)).containsExactly(Map.entry("loss", 0.5), Map.entry("roc_auc", 0.875));
        assertThat(SCORES.at(1)).isEmpty();
    }

    @Test
    void standSideBySide() {
        assertThat(SCORES.table(0, 5).toString().lines().map(line -> line.replaceAll(" +", " ")))
                .containsExactly("score before after", "------- ------ ------", "loss 0.7500 0.5000", "roc_auc 0.8750");
        assertThat(Scores.table(SCORES.at(0)).toString()).contains("loss   0.7500");
    }
}
