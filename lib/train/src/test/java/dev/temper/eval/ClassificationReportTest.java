package dev.temper.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class ClassificationReportTest {
    private static final double TOLERANCE = 1e-12;
    private static final List<String> NO_YES = List.of("no", "yes");

    @Test
    void twoClassesByHand() {
        ClassificationReport report = binary(new int[] {0, 0, 1, 1, 1}, 0.1, 0.6, 0.4, 0.7, 0.9);

        assertThat(report.numRows()).isEqualTo(5);
        assertThat(report.confusionMatrix()).isDeepEqualTo(new long[][] {{1, 1}, {1, 2}});
        Map<String, Double> scores = report.scores();
        assertThat(scores.keySet())
                .containsExactly(
                        "accuracy",
                        "precision",
                        "recall",
                        "specificity",
                        "f1",
                        "precision_macro",
                        "recall_macro",
                        "f1_macro",
                        "precision_weighted",
                        "recall_weighted",
                        "f1_weighted",
                        "matthews_correlation",
                        "log_loss",
                        "roc_auc");
        assertScore(scores, "accuracy", 3 / 5.0);
        assertScore(scores, "precision", 2 / 3.0);
        assertScore(scores, "recall", 2 / 3.0);
        assertScore(scores, "specificity", 1 / 2.0);
        assertScore(scores, "f1", 2 / 3.0);
        assertScore(scores, "precision_macro", 7 / 12.0);
        assertScore(scores, "recall_macro", 7 / 12.0);
        assertScore(scores, "f1_macro", 7 / 12.0);
        assertScore(scores, "precision_weighted", 3 / 5.0);
        assertScore(scores, "recall_weighted", 3 / 5.0);
        assertScore(scores, "f1_weighted", 3 / 5.0);
        assertScore(scores, "matthews_correlation", 1 / 6.0);
        assertScore(scores, "log_loss", -Math.log(0.9 * 0.4 * 0.4 * 0.7 * 0.9) / 5);
        assertScore(scores, "roc_auc", 5 / 6.0);
        assertThat(report.rocCurve())
                .containsExactly(
                        new RocPoint("yes", Double.POSITIVE_INFINITY, 0, 0),
                        new RocPoint("yes", 0.9, 0, 1 / 3.0),
                        new RocPoint("yes", 0.7, 0, 2 / 3.0),
                        new RocPoint("yes", 0.6, 1 / 2.0, 2 / 3.0),
                        new RocPoint("yes", 0.4, 1 / 2.0, 1),
                        new RocPoint("yes", 0.1, 1, 1));
    }

    @Test
    void threeClassesByHand() {
        ClassificationReport report =
                ClassificationReport.of(List.of("a", "b", "c"), new int[] {0, 0, 1, 1, 2, 2}, new double[][] {
                    {0.6, 0.3, 0.1},
                    {0.2, 0.5, 0.3},
                    {0.1, 0.8, 0.1},
                    {0.3, 0.4, 0.3},
                    {0.2, 0.2, 0.6},
                    {0.5, 0.1, 0.4}
                });

        assertThat(report.confusionMatrix()).isDeepEqualTo(new long[][] {{1, 1, 0}, {0, 2, 0}, {1, 0, 1}});
        assertThat(report.perClass().get(0)).isEqualTo(new PerClass("a", 0.5, 0.5, 0.75, 0.5, 5.5 / 8, 2));
        assertThat(report.perClass().get(1)).isEqualTo(new PerClass("b", 2 / 3.0, 1, 0.75, 0.8, 7 / 8.0, 2));
        assertThat(report.perClass().get(2)).isEqualTo(new PerClass("c", 1, 0.5, 1, 2 / 3.0, 1, 2));
        assertScore(report.scores(), "accuracy", 4 / 6.0);
        assertScore(report.scores(), "precision", 13 / 18.0);
        assertScore(report.scores(), "specificity", 2.5 / 3);
        assertScore(report.scores(), "f1", (0.5 + 0.8 + 2 / 3.0) / 3);
        assertScore(report.scores(), "matthews_correlation", 12 / Math.sqrt(22 * 24));
        assertScore(report.scores(), "log_loss", -Math.log(0.6 * 0.2 * 0.8 * 0.4 * 0.6 * 0.4) / 6);
        assertScore(report.scores(), "roc_auc", 20.5 / 24);
        assertScore(report.scores(), "roc_auc_weighted", 20.5 / 24);
        assertThat(report.rocCurve().stream().map(RocPoint::label).distinct()).containsExactly("a", "b", "c");
    }

    @Test
    void equalScoresAreOnePointAndTheFirstClass() {
        ClassificationReport report = binary(new int[] {0, 1, 1, 0, 1}, 0.5, 0.5, 0.5, 0.5, 0.5);

        assertThat(report.confusionMatrix()).isDeepEqualTo(new long[][] {{2, 0}, {3, 0}});
        assertScore(report.scores(), "roc_auc", 0.5);
        assertScore(report.scores(), "precision", 0); // nothing is predicted as yes
        assertThat(report.rocCurve())
                .containsExactly(new RocPoint("yes", Double.POSITIVE_INFINITY, 0, 0), new RocPoint("yes", 0.5, 1, 1));
    }

    @Test
    void pointsOnALineAreLeftOut() {
        ClassificationReport report = binary(new int[] {1, 1, 1, 0}, 0.9, 0.8, 0.7, 0.1);

        assertThat(report.rocCurve())
                .extracting(RocPoint::threshold)
                .containsExactly(Double.POSITIVE_INFINITY, 0.9, 0.7, 0.1);
    }

    @Test
    void pointsWhereOnlyOneRateTurnsAreKept() {
        ClassificationReport report = binary(new int[] {0, 1, 0, 1, 1, 0, 1}, 0.9, 0.9, 0.7, 0.7, 0.7, 0.5, 0.5);

        assertThat(report.rocCurve())
                .extracting(RocPoint::threshold)
                .containsExactly(Double.POSITIVE_INFINITY, 0.9, 0.7, 0.5);
    }

    @Test
    void aClassThatNeverOccursLeavesMeansAlone() {
        ClassificationReport report = ClassificationReport.of(
                List.of("a", "b", "never"), new int[] {0, 1, 0}, new double[][] {{1, 0, 0}, {0, 1, 0}, {0.2, 0.8, 0}});

        assertScore(report.scores(), "recall_macro", (0.5 + 1) / 2);
        assertScore(report.scores(), "specificity", (1 + 0.5) / 2);
        assertThat(report.scores()).doesNotContainKey("roc_auc");
        assertScore(report.scores(), "roc_auc_weighted", 1);
        assertThat(report.perClass().get(2)).isEqualTo(new PerClass("never", 0, 0, 1, 0, Double.NaN, 0));
        assertThat(report.rocCurve()).extracting(RocPoint::label).doesNotContain("never");
    }

    @Test
    void oneClassOnlyHasNoCurve() {
        ClassificationReport report = binary(new int[] {1, 1, 1}, 0.2, 0.6, 0.9);

        assertThat(report.scores()).doesNotContainKeys("roc_auc", "specificity");
        assertScore(report.scores(), "precision", 1);
        assertScore(report.scores(), "recall", 2 / 3.0);
        assertScore(report.scores(), "matthews_correlation", 0);
        assertThat(report.rocCurve()).isEmpty();
    }

    @Test
    void certainMistakesCostAFiniteLoss() {
        assertScore(binary(new int[] {0, 1}, 1, 1).scores(), "log_loss", -Math.log(Math.ulp(1.0)) / 2);
    }

    /** The area under the curve is the chance that a positive row scores above a negative one. */
    @Test
    void areaIsTheChanceOfTheRightOrder() {
        Random random = new Random(5);
        int[] actual = random.ints(300, 0, 2).toArray();
        double[] scores = Arrays.stream(actual)
                .mapToDouble(y -> random.nextInt(20) / 40.0 + y * 0.2)
                .toArray();
        double right = 0;
        long pairs = 0;
        for (int i = 0; i < actual.length; i++) {
            for (int j = 0; j < actual.length; j++) {
                if (actual[i] > actual[j]) {
                    right += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
                    pairs++;
                }
            }
        }
        assertScore(binary(actual, scores).scores(), "roc_auc", right / pairs);
    }

    @Test
    void refusesWhatAreNoProbabilities() {
        assertThatThrownBy(() -> binary(new int[] {0, 1}, 0.5, Double.NaN))
                .hasMessage("row 1: no probabilities that sum to 1");
        assertThatThrownBy(() -> ClassificationReport.of(NO_YES, new int[] {0}, new double[][] {{0.5, 0.7}}))
                .hasMessage("row 0: no probabilities that sum to 1");
        assertThatThrownBy(() -> ClassificationReport.of(NO_YES, new int[] {2}, new double[][] {{0.5, 0.5}}))
                .hasMessage("row 0: no class 2");
        assertThatThrownBy(() -> ClassificationReport.of(NO_YES, new int[0], new double[0][]))
                .hasMessage("no rows to score");
    }

    private static ClassificationReport binary(int[] actual, double... scores) {
        double[][] probabilities =
                Arrays.stream(scores).mapToObj(p -> new double[] {1 - p, p}).toArray(double[][]::new);
        return ClassificationReport.of(NO_YES, actual, probabilities);
    }

    private static void assertScore(Map<String, Double> scores, String name, double expected) {
        assertThat(scores.get(name)).as(name).isCloseTo(expected, within(TOLERANCE));
    }
}
