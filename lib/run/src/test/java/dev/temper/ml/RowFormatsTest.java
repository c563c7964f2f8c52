package dev.temper.ml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.temper.check.InvalidInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** DataFrames of every format, by the usual names of their columns alone. */
@Tag("spark")
final class RowFormatsTest {
    private static final String TEMPLATE = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}{{ eos_token }}"
            + "{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}";

    private final SparkSession spark = Quickstart.session();
    private final Dataset<Row> rows = Quickstart.rows(16);

    @TempDir
    private Path folder;

    @Test
    void conversationsAsSparkHasThemOrInJson() throws Exception {
        Dataset<Row> nested = rows.selectExpr("array(named_struct('role', 'user', 'content', prompt),"
                + " named_struct('role', 'assistant', 'content', completion)) AS messages");
        Dataset<Row> json = nested.selectExpr("to_json(messages) AS messages");
        Dataset<Row> sharegpt = rows.selectExpr("array(named_struct('from', 'human', 'value', prompt),"
                + " named_struct('from', 'gpt', 'value', completion)) AS conversations");
        Dataset<Row> pairs = rows.selectExpr(
                "array(named_struct('role', 'user', 'content', prompt)) AS prompt",
                "array(named_struct('role', 'assistant', 'content', completion)) AS completion");
        Dataset<Row> texts = rows.select("prompt", "completion");

        FineTunedModel model = fineTuning().fit(nested);

        for (Dataset<Row> same : List.of(json, sharegpt, pairs, texts)) {
            assertThat(loss(fineTuning().fit(same))).isCloseTo(loss(model), within(1e-5)); // the same texts
        }
        List<String> answers = answers(model, nested);
        assertThat(answers).doesNotContainNull().hasSize(16);
        assertThat(answers(model, json)).isEqualTo(answers);
        assertThat(answers(model, nested.selectExpr("slice(messages, 1, 1) AS messages")))
                .isEqualTo(answers); // with or without an answer
        assertThat(answers(model.copy(model.extractParamMap()).setInputCol("prompt"), texts))
                .isEqualTo(answers);
        assertThat(answers(model.copy(model.extractParamMap()).setInputCol("prompt"), pairs))
                .isEqualTo(answers);
        assertThat(answers(model, spark.sql("SELECT 'no list' AS messages"))).containsOnlyNulls();
    }

    @Test
    void alpacaAndTextsWithoutATemplate() throws Exception {
        Dataset<Row> alpaca = rows.selectExpr(
                "split(prompt, ' ')[0] AS instruction",
                "substring(prompt, instr(prompt, ' ') + 1) AS input",
                "completion AS output",
                "concat(prompt, completion) AS text"); // as in Alpaca's own data set
        String plain = "data: {chat_template: none, separator: ' '}";

        FineTunedModel model = fineTuning().setRecipe(plain).fit(alpaca);

        assertThat(recipe(model)).contains("format: \"alpaca\"");
        assertThat(answers(model, alpaca.drop("output"))).doesNotContainNull().hasSize(16);
        FineTunedModel pairs =
                fineTuning().setRecipe(plain).fit(rows.selectExpr("concat(prompt, ' ') AS prompt", "completion"));
        assertThat(loss(model)).isCloseTo(loss(pairs), within(1e-5));
        assertThat(recipe(fineTuning().setRecipe("{}").fit(alpaca.select("text"))))
                .contains("format: \"text\"");
    }

    @Test
    void columnsOfOtherNamesSayTheFormatByTheirRoles() {
        Dataset<Row> chats = rows.selectExpr("array(named_struct('role', 'user', 'content', prompt),"
                + " named_struct('role', 'assistant', 'content', completion)) AS talk");

        assertThat(fineTuning()
                        .setColumns(Map.of("messages", "talk"))
                        .transformSchema(chats.schema())
                        .fieldNames())
                .containsExactly("talk", "generation");
        assertThatThrownBy(() -> fineTuning()
                        .setTask("sequence_classification")
                        .setLabels("a", "b")
                        .setRecipe("{}")
                        .transformSchema(rows.schema()))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("data: dataframe train has no column text; it has prompt, completion");
    }

    @Test
    void otherShapesAreRefusedInOneSentence() throws Exception {
        refuses("SELECT array(1, 2) AS messages", "message 1 is no object with role and content");
        refuses("SELECT array(named_struct('role', 'user', 'text', 'a')) AS messages", "message 1");
        refuses("SELECT 7 AS messages", "data: dataframe train: column messages");
        refuses("SELECT 'hello' AS conversations", "conversations is no valid JSON");
        try (var files = Files.list(folder)) {
            assertThat(files).isEmpty();
        }
        FineTunedModel model = fineTuning().fit(rows);
        assertThatThrownBy(() -> model.transform(spark.sql("SELECT 7 AS prompt")))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage(model.uid() + ": column prompt is of type int, a text or a list of messages is needed");
        assertThatThrownBy(() -> model.transform(rows.selectExpr("prompt", "prompt")))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage(model.uid() + ": there are two columns prompt: rename one");
        assertThatThrownBy(() -> model.transformSchema(rows.drop("prompt").schema()))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage(model.uid() + ": there is no column prompt, only completion; name another with"
                        + " setInputCol");
    }

    private void refuses(String sql, String message) {
        assertThatThrownBy(() -> fineTuning().fit(spark.sql(sql)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(message);
    }

    private SupervisedFineTuning fineTuning() {
        return Quickstart.fineTuning(folder)
                .setMaxLength(96)
                .setBatchSize(16)
                .setLoggingSteps(1)
                .setRecipe(
                        Map.of("data", Map.of("chat_template", TEMPLATE), "generation", Map.of("max_new_tokens", 4)));
    }

    private static List<String> answers(FineTunedModel model, Dataset<Row> rows) {
        return model.transform(rows).select("generation").collectAsList().stream()
                .map(row -> row.getString(0))
                .toList();
    }

    /** Of the first update, which has all rows. */
    private static double loss(FineTunedModel model) {
        return model.history().filter("name = 'train/loss' AND step = 1").head().<Double>getAs("value");
    }

    private static String recipe(FineTunedModel model) throws Exception {
        return Files.readString(Path.of(model.folder()).resolveSibling("run.yaml"));
    }
}
