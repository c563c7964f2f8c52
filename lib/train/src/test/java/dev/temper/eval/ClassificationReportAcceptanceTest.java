package dev.temper.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.model.GoldenModels;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every score, table and curve against scikit-learn's. */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class ClassificationReportAcceptanceTest {
    private static final double TOLERANCE = 1e-9;

    /** Our name to the golden file's, of two classes. */
    private static final Map<String, String> BINARY = Map.ofEntries(
            Map.entry("accuracy", "accuracy"),
            Map.entry("precision", "precision_binary"),
            Map.entry("recall", "recall_binary"),
            Map.entry("specificity", "specificity"),
            Map.entry("f1", "f1_binary"),
            Map.entry("precision_macro", "precision_macro"),
            Map.entry("recall_macro", "recall_macro"),
            Map.entry("f1_macro", "f1_macro"),
            Map.entry("precision_weighted", "precision_weighted"),
            Map.entry("recall_weighted", "recall_weighted"),
            Map.entry("f1_weighted", "f1_weighted"),
            Map.entry("matthews_correlation", "matthews"),
            Map.entry("log_loss", "log_loss"),
            Map.entry("roc_auc", "auc"));

    private static final Map<String, String> MULTICLASS = Map.ofEntries(
            Map.entry("accuracy", "accuracy"),
            Map.entry("precision", "precision_macro_seen_labels"),
            Map.entry("recall", "recall_macro_seen_labels"),
            Map.entry("f1", "f1_macro_seen_labels"),
            Map.entry("precision_macro", "precision_macro_seen_labels"),
            Map.entry("recall_macro", "recall_macro_seen_labels"),
            Map.entry("f1_macro", "f1_macro_seen_labels"),
            Map.entry("precision_weighted", "precision_weighted_seen_labels"),
            Map.entry("recall_weighted", "recall_weighted_seen_labels"),
            Map.entry("f1_weighted", "f1_weighted_seen_labels"),
            Map.entry("matthews_correlation", "matthews"),
            Map.entry("log_loss", "log_loss"),
            Map.entry("roc_auc", "auc_ovr_macro"),
            Map.entry("roc_auc_weighted", "auc_ovr_weighted"));

    static Stream<Arguments> scoresTwoClassesAsScikitLearn() {
        return GoldenModels.inEach(
                "binary",
                "ties",
                "perfect",
                "inverted",
                "only_positives",
                "only_negatives",
                "never_predicted_positive",
                "extreme_scores");
    }

    @ParameterizedTest
    @MethodSource
    void scoresTwoClassesAsScikitLearn(GoldenModels goldens, String name) throws Exception {
        JsonNode golden = golden(goldens, name);
        ClassificationReport report = binary(golden);

        assertThat(report.scores().keySet()).isSubsetOf(BINARY.keySet());
        BINARY.forEach((ours, theirs) -> assertScore(report, ours, golden.path(theirs)));
        assertConfusion(report, golden);
        assertCurve(report, golden);
    }

    static Stream<Arguments> drawsTiedScoresAsScikitLearn() {
        return GoldenModels.inEach("all_scores_equal");
    }

    /** The golden file counts a probability of exactly 0.5 as positive; argmax takes the first class. */
    @ParameterizedTest
    @MethodSource
    void drawsTiedScoresAsScikitLearn(GoldenModels goldens, String name) throws Exception {
        JsonNode golden = golden(goldens, name);
        ClassificationReport report = binary(golden);

        assertScore(report, "roc_auc", golden.path("auc"));
        assertScore(report, "log_loss", golden.path("log_loss"));
        assertCurve(report, golden);
    }

    static Stream<Arguments> scoresMoreClassesAsScikitLearn() {
        return GoldenModels.inEach("multiclass", "class_never_seen_nor_predicted", "multiclass_good");
    }

    @ParameterizedTest
    @MethodSource
    void scoresMoreClassesAsScikitLearn(GoldenModels goldens, String name) throws Exception {
        JsonNode golden = golden(goldens, name);
        double[][] probabilities = new double[golden.path("probabilities").size()][];
        for (int row = 0; row < probabilities.length; row++) {
            probabilities[row] = doubles(golden.path("probabilities").path(row));
        }
        List<String> labels = IntStream.range(0, probabilities[0].length)
                .mapToObj(Integer::toString)
                .toList();
        ClassificationReport report = ClassificationReport.of(labels, ints(golden.path("y")), probabilities);

        assertThat(report.scores()).hasSizeGreaterThan(13);
        MULTICLASS.forEach((ours, theirs) -> assertScore(report, ours, golden.path(theirs)));
        assertConfusion(report, golden);
        assertPerClass(report, PerClass::precision, golden.path("precision_per_class"));
        assertPerClass(report, PerClass::recall, golden.path("recall_per_class"));
        assertPerClass(report, PerClass::f1, golden.path("f1_per_class"));
    }

    private static JsonNode golden(GoldenModels goldens, String name) throws Exception {
        return goldens.json("misc/metrics.json").path("sets").path(name);
    }

    private static ClassificationReport binary(JsonNode golden) {
        double[] scores = doubles(golden.path("score"));
        double[][] probabilities = new double[scores.length][];
        for (int row = 0; row < scores.length; row++) {
            probabilities[row] = new double[] {1 - scores[row], scores[row]};
        }
        return ClassificationReport.of(List.of("negative", "positive"), ints(golden.path("y")), probabilities);
    }

    private static void assertScore(ClassificationReport report, String name, JsonNode expected) {
        assertThat(expected.isNumber() || expected.isNull()).as(name).isTrue();
        if (expected.isNull()) {
            assertThat(report.scores()).doesNotContainKey(name);
        } else {
            assertThat(report.scores().get(name)).as(name).isCloseTo(expected.asDouble(), within(TOLERANCE));
        }
    }

    private static void assertConfusion(ClassificationReport report, JsonNode golden) {
        long[][] expected = new long[report.labels().size()][];
        for (int k = 0; k < expected.length; k++) {
            expected[k] = IntStream.of(ints(golden.path("confusion_matrix").path(k)))
                    .asLongStream()
                    .toArray();
        }
        assertThat(report.confusionMatrix()).isDeepEqualTo(expected);
    }

    private static void assertPerClass(
            ClassificationReport report, ToDoubleFunction<PerClass> score, JsonNode expected) {
        double[] ours = report.perClass().stream().mapToDouble(score).toArray();
        assertThat(ours).containsExactly(doubles(expected), within(TOLERANCE));
    }

    /** Where scikit-learn has no rates on one axis we have no curve. */
    private static void assertCurve(ClassificationReport report, JsonNode golden) {
        JsonNode roc = golden.path("roc");
        List<RocPoint> expected = new ArrayList<>();
        boolean isDefined = !golden.path("auc").isNull();
        for (int i = 0; isDefined && i < roc.path("fpr").size(); i++) {
            JsonNode threshold = roc.path("thresholds").path(i);
            expected.add(new RocPoint(
                    "positive",
                    threshold.isNumber() ? threshold.asDouble() : Double.POSITIVE_INFINITY,
                    roc.path("fpr").path(i).asDouble(),
                    roc.path("tpr").path(i).asDouble()));
        }
        assertThat(expected.isEmpty()).isNotEqualTo(isDefined);
        assertThat(report.rocCurve())
                .usingElementComparator(ClassificationReportAcceptanceTest::compare)
                .containsExactlyElementsOf(expected);
    }

    private static int compare(RocPoint a, RocPoint b) {
        boolean isSame = a.label().equals(b.label())
                && (a.threshold() == b.threshold() || near(a.threshold(), b.threshold()))
                && near(a.falsePositiveRate(), b.falsePositiveRate())
                && near(a.truePositiveRate(), b.truePositiveRate());
        return isSame ? 0 : 1;
    }

    private static boolean near(double a, double b) {
        return Math.abs(a - b) <= TOLERANCE;
    }

    private static double[] doubles(JsonNode numbers) {
        return IntStream.range(0, numbers.size())
                .mapToDouble(i -> numbers.path(i).asDouble())
                .toArray();
    }

    private static int[] ints(JsonNode numbers) {
        return IntStream.range(0, numbers.size())
                .map(i -> numbers.path(i).asInt())
                .toArray();
    }
}
