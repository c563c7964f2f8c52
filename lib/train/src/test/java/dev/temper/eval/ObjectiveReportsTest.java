package dev.temper.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Scores of regressions and of several labels a text are scikit-learn's, which lib/bench/clients/objectives.py wrote.
 */
final class ObjectiveReportsTest {
    private static Stream<Arguments> cases(String kind) throws Exception {
        JsonNode all = new ObjectMapper().readTree(ObjectiveReportsTest.class.getResource("/objectives/metrics.json"));
        return StreamSupport.stream(all.path(kind).spliterator(), false)
                .map(one -> Arguments.of(one.path("name").asText(), one));
    }

    static Stream<Arguments> regressions() throws Exception {
        return cases("regression");
    }

    static Stream<Arguments> labelled() throws Exception {
        return cases("multi_label");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("regressions")
    void numbersAreScoredAsByScikitLearn(String name, JsonNode golden) {
        RegressionReport report =
                RegressionReport.of(doubles(golden.path("actual")), doubles(golden.path("predicted")));

        assertThat(report.numRows()).isEqualTo(golden.path("actual").size());
        assertScores(report.scores(), golden.path("scores"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("labelled")
    void labelsAreScoredAsByScikitLearn(String name, JsonNode golden) {
        int rows = golden.path("actual").size();
        int count = golden.path("actual").path(0).size();
        boolean[][] actual = new boolean[rows][count];
        double[][] probabilities = new double[rows][];
        for (int row = 0; row < rows; row++) {
            probabilities[row] = doubles(golden.path("probabilities").path(row));
            for (int label = 0; label < count; label++) {
                actual[row][label] = golden.path("actual").path(row).path(label).asInt() == 1;
            }
        }
        List<String> labels = IntStream.range(0, count).mapToObj(i -> "l" + i).toList();

        MultiLabelReport report = MultiLabelReport.of(labels, actual, probabilities);

        assertThat(report.numRows()).isEqualTo(rows);
        assertScores(report.scores(), golden.path("scores"));
        for (int label = 0; label < count; label++) {
            MultiLabelReport.PerLabel one = report.perLabel().get(label);
            double[] expected = doubles(golden.path("per_label").path(label));
            assertThat(one.label()).isEqualTo("l" + label);
            assertThat(new double[] {one.precision(), one.recall(), one.f1(), one.support()})
                    .containsExactly(expected, within(1e-12));
        }
    }

    @Test
    void whatCannotBeScoredIsRefused() {
        assertThatThrownBy(() -> RegressionReport.of(new double[0], new double[0]))
                .hasMessage("no rows to score");
        assertThatThrownBy(() -> RegressionReport.of(new double[1], new double[2]))
                .hasMessage("1 rows, but predictions of another number");
        assertThatThrownBy(() -> MultiLabelReport.of(List.of("a"), new boolean[0][], new double[0][]))
                .hasMessage("no rows to score");
        assertThatThrownBy(() -> MultiLabelReport.of(List.of(), new boolean[1][0], new double[1][0]))
                .hasMessage("no labels to score");
    }

    /** What scikit-learn calls undefined is not there. */
    private static void assertScores(Map<String, Double> scores, JsonNode golden) {
        List<String> names = StreamSupport.stream(
                        ((Iterable<Map.Entry<String, JsonNode>>) golden::fields).spliterator(), false)
                .filter(entry -> !entry.getValue().isNull())
                .map(Map.Entry::getKey)
                .toList();
        assertThat(scores).containsOnlyKeys(names);
        scores.forEach((score, value) -> {
            double expected = golden.path(score).asDouble();
            assertThat(value).as(score).isCloseTo(expected, within(1e-9 * Math.max(1, Math.abs(expected))));
        });
    }

    private static double[] doubles(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false)
                .mapToDouble(JsonNode::asDouble)
                .toArray();
    }
}
