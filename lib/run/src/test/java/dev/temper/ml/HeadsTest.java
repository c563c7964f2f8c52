package dev.temper.ml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.temper.check.InvalidInputException;
import dev.temper.inference.Classification;
import dev.temper.inference.Options;
import dev.temper.inference.TextClassifier;
import dev.temper.inference.TextPair;
import dev.temper.model.ObjectiveGoldens;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Numbers, several labels and pairs of texts, learned from a DataFrame and answered on one as Java answers. */
@Tag("spark")
final class HeadsTest {
    private static final int MAX_LENGTH = 24;

    private final SparkSession spark = Quickstart.session();

    @TempDir
    private Path folder;

    private Dataset<Row> rows;

    @BeforeEach
    void write() throws Exception {
        ObjectiveGoldens.model("bert_multi_label", folder.resolve("base"));
        rows = spark.sql("SELECT element_at(array('good', 'bad', 'sad old', 'funny long'), int(id % 4 + 1)) AS a,"
                + " element_at(array('calm', 'good bad', 'short'), int(id % 3 + 1)) AS b,"
                + " id % 4 / 2.0D AS n,"
                + " filter(array('odd', 'large'), x -> (x = 'odd' AND id % 2 = 1) OR (x = 'large' AND id > 8)) AS tags,"
                + " int(id % 2) AS same FROM range(16)");
    }

    @Test
    void aNumber() throws Exception {
        FineTunedModel model = fit("regression", "", "format: regression, columns: {text: a, label: n}");

        List<Row> scored = model.transform(rows).collectAsList();

        assertThat(model.metrics()).containsKeys("eval/mse", "eval/r2");
        try (TextClassifier classifier = classifier(model)) {
            for (Row row : scored) {
                double wanted = classifier.classify(text(row)).score();
                assertThat(row.<Double>getAs("prediction")).isCloseTo(wanted, within(1e-6));
                assertThat(row.isNullAt(row.fieldIndex("predicted_label"))).isTrue();
                assertThat(row.isNullAt(row.fieldIndex("probability"))).isTrue();
            }
        }
    }

    @Test
    void severalLabels() throws Exception {
        FineTunedModel model = fit(
                "multi_label_classification",
                ", labels: [odd, large]",
                "format: multi_label, columns: {text: a, labels: tags}");

        List<Row> scored = model.transform(rows).collectAsList();

        try (TextClassifier classifier = classifier(model)) {
            for (Row row : scored) {
                Classification wanted = classifier.classify(text(row));
                assertThat(row.<String>getAs("predicted_label")).isEqualTo(String.join(";", wanted.labels()));
                assertThat(row.<Vector>getAs("probability").toArray())
                        .containsExactly(wanted.probabilities(), within(1e-6));
                assertThat(row.isNullAt(row.fieldIndex("prediction"))).isTrue();
            }
        }
    }

    @Test
    void pairs() throws Exception {
        FineTunedModel model = fit(
                "sequence_classification",
                ", labels: [other, alike]",
                "format: classification, columns: {text: a, text_pair: b, label: same}");
        Dataset<Row> asked = rows.select("a", "b");

        Dataset<Row> scored = model.transform(asked);

        assertThat(scored.columns()).containsExactly("a", "b", "prediction", "predicted_label", "probability");
        assertThat(model.transformSchema(asked.schema()).fieldNames()).containsExactly(scored.columns());
        try (TextClassifier classifier = classifier(model)) {
            for (Row row : scored.collectAsList()) {
                Classification wanted = classifier
                        .classifyPairs(List.of(new TextPair(row.getAs("a"), row.getAs("b"))))
                        .get(0);
                assertThat(row.<String>getAs("predicted_label")).isEqualTo(wanted.label());
                assertThat(row.<Vector>getAs("probability").toArray())
                        .containsExactly(wanted.probabilities(), within(1e-6));
            }
        }
        Row half = model.transform(spark.sql("SELECT 'good' AS a, string(null) AS b"))
                .head();
        assertThat(half.isNullAt(half.fieldIndex("predicted_label"))).isTrue();
        assertThatThrownBy(() -> model.transform(asked.drop("b")))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("there is no column b, only a");
        assertThatThrownBy(() ->
                        model.copy(model.extractParamMap()).setInputCol("a").transform(asked))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("trained on pairs of texts");
    }

    private FineTunedModel fit(String task, String labels, String data) {
        return new SupervisedFineTuning()
                .setRecipe("model: {base: %s, task: %s%s}\ndata: {%s, eval_fraction: 0.25}"
                        .formatted(folder.resolve("base"), task, labels, data))
                .setMaxLength(MAX_LENGTH)
                .setMaxSteps(4)
                .setLearningRate(1e-2)
                .setOutput(folder.resolve("output").toString())
                .fit(rows);
    }

    private static TextClassifier classifier(FineTunedModel model) throws Exception {
        Options options = Options.defaults().withMaxLength(MAX_LENGTH);
        return TextClassifier.open(Path.of(model.folder()), options);
    }

    private static String text(Row row) {
        return row.getAs("a");
    }
}
