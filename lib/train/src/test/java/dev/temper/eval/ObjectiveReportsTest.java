package dev.temper.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Scores of regressions are scikit-learn's, which lib/bench/clients/objectives.py wrote.
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

    @ParameterizedTest(name = "{0}")
    @MethodSource("regressions")
    void numbersAreScoredAsByScikitLearn(String name, JsonNode golden) {
        RegressionReport report =
                RegressionReport.of(doubles(golden.path("actual")), doubles(golden.path("predicted")));

        assertThat(report.numRows()).isEqualTo(golden.path("actual").size());
        assertScores(report.scores(), golden.path("scores"));
    }

    @Test
    void whatCannotBeScoredIsRefused() {
        assertThatThrownBy(() -> RegressionReport.of(new double[0], new double[0]))
                .hasMessage("no rows to score");
        assertThatThrownBy(() -> RegressionReport.of(new double[1], new double[2]))
                .hasMessage("1 rows, but predictions of another number");
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
