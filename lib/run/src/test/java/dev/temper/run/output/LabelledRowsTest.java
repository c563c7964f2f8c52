package dev.temper.run.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

final class LabelledRowsTest {
    @Test
    void missingClassesAreNamed() {
        LabelledRows rows = new LabelledRows(List.of("bad", "good", "fine", "odd"), List.of(3L, 0L, 2L, 0L), List.of());

        rows.verify();

        assertThat(rows.note())
                .hasValue("no row to train on is of the class good, odd: the model will hardly ever predict it");
    }

    @Test
    void allClassesNeedNoNote() {
        assertThat(new LabelledRows(List.of("bad", "good"), List.of(3L, 1L), List.of()).note())
                .isEmpty();
    }

    @Test
    void oneClassIsAMistake() {
        LabelledRows rows = new LabelledRows(List.of("bad", "good"), List.of(0L, 7L), List.of());

        assertThatThrownBy(rows::verify)
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith("data: all 7 rows to train on are of the class good;");
    }

    @Test
    void metricThatTheRowsLeaveUndefinedIsAMistake() {
        LabelledRows rows = evaluated(1, 1, 1);

        rows.verifyMeasured("eval/accuracy");
        evaluated(1, 0, 1).verifyMeasured("eval/roc_auc");
        assertThatThrownBy(() -> rows.verifyMeasured("eval/roc_auc"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage(
                        "training.metric_for_best_model: eval/roc_auc is undefined, because no row to evaluate on is"
                                + " of the class bad; name another metric, or other rows");
    }

    private static LabelledRows evaluated(int... labels) {
        return new LabelledRows(
                List.of("bad", "good"),
                List.of(3L, 1L),
                Arrays.stream(labels)
                        .mapToObj(label -> new LabelledRows.Origin("id", "rows.csv", 1, label))
                        .toList());
    }
}
