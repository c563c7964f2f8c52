package dev.temper.train.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.InvalidInputException;
import dev.temper.train.Settings;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ClassSurveyTest {
    /** @param trained rows to train on of each class; every second one is cut */
    private static ClassSurvey survey(List<String> labels, int... trained) {
        ClassSurvey survey = new ClassSurvey(labels);
        for (int label = 0; label < trained.length; label++) {
            for (int row = 0; row < trained[label]; row++) {
                survey.addTrained(new int[] {label}, row % 2);
            }
        }
        return survey;
    }

    @Test
    void missingClassesAreNamed() {
        ClassSurvey rows = survey(List.of("bad", "good", "fine", "odd"), 3, 0, 2, 0);

        rows.verify(new Settings().config());

        assertThat(rows.note())
                .hasValue("no row to train on is of the class good, odd: the model will hardly ever predict it");
    }

    @Test
    void allClassesNeedNoNote() {
        assertThat(survey(List.of("bad", "good"), 3, 1).note()).isEmpty();
    }

    @Test
    void oneClassIsAMistake() {
        ClassSurvey rows = survey(List.of("bad", "good"), 0, 7);

        assertThatThrownBy(() -> rows.verify(new Settings().config()))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith("data: all 7 rows to train on are of the class good;");
    }

    @Test
    void metricThatTheRowsLeaveUndefinedIsAMistake() {
        verify("eval/accuracy", 1, 1, 1);
        verify("eval/roc_auc", 1, 0, 1);
        verify("eval/roc_auc"); // nothing is evaluated, which others say
        assertThatThrownBy(() -> verify("eval/roc_auc", 1, 1, 1))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage(
                        "training.metric_for_best_model: eval/roc_auc is undefined, because no row to evaluate on is"
                                + " of the class bad; name another metric, or other rows");
    }

    private static void verify(String metric, int... evaluated) {
        ClassSurvey rows = survey(List.of("bad", "good"), 3, 1);
        for (int label : evaluated) {
            rows.addEvaluated(new int[] {label}, 0);
        }
        Settings settings = new Settings();
        settings.metricForBestModel = metric;
        settings.loadBestModelAtEnd = true;
        settings.evalSteps = 3;
        settings.saveSteps = 3;
        rows.verify(settings.config());
    }

    @Test
    void countsAreShownAndWritten() {
        ClassSurvey rows = survey(List.of("bad", "good"), 3, 1);
        rows.addEvaluated(new int[] {1}, 4);
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        rows.into(json);

        assertThat(rows.table().toString()).contains("bad", "75.0 %", "100.0 %");
        assertThat(json.toString())
                .isEqualTo("{\"classes\":{\"bad\":{\"train\":3,\"eval\":0,\"cut\":1},"
                        + "\"good\":{\"train\":1,\"eval\":1,\"cut\":1}}}");
    }
}
