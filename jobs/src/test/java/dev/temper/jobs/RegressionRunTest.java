package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.model.ModelTask;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code temper run} trains a model that gives numbers; the other commands use what it wrote. */
final class RegressionRunTest {
    private ObjectiveRun run;

    @BeforeEach
    void write(@TempDir Path folder) throws IOException {
        run = new ObjectiveRun(folder);
        run.write(
                "bert_multi_label",
                ObjectiveRun.RECIPE.formatted("regression", "rows.csv", "format: regression, columns: {label: n}"));
        StringBuilder csv = new StringBuilder("text,n\n");
        for (int i = 0; i < 60; i++) {
            String text = run.text();
            csv.append(text).append(',').append(text.split("good").length - 1.5).append('\n');
        }
        Files.writeString(run.folder().resolve("rows.csv"), csv);
    }

    @Test
    void aNumberIsLearnedMeasuredAndGiven() throws Exception {
        String said = run.out(
                "run", "@/recipe.yaml", "training.metric_for_best_model=rmse", "training.load_best_model_at_end=true");

        assertThat(said).contains("rmse", "r2", "classifier is new");
        JsonNode scores = run.manifest("output").path("scores");
        assertThat(scores.path("mse").asDouble()).isEqualTo(scores.path("loss").asDouble());
        assertThat(scores.path("rmse").asDouble())
                .isCloseTo(Math.sqrt(scores.path("mse").asDouble()), within(1e-9));
        List<String> predictions = run.lines("output/evaluation/predictions.csv");
        assertThat(predictions.get(0)).isEqualTo("row_id,source,row,label,predicted,error");
        double squares = predictions.stream()
                .skip(1)
                .map(line -> line.split(","))
                .mapToDouble(cells -> Math.pow(Double.parseDouble(cells[3]) - Double.parseDouble(cells[4]), 2))
                .average()
                .orElseThrow();
        assertThat(squares).isCloseTo(scores.path("mse").asDouble(), within(1e-6));
        assertThat(ModelTask.of(Folder.local(run.folder().resolve("output/model"))))
                .isEqualTo(ModelTask.regression());
        JsonNode again = ObjectiveRun.JSON.readTree(run.out("evaluate", "@/output/model", "@/recipe.yaml", "--json"));
        assertThat(again.path("scores").path("rmse").asDouble())
                .isCloseTo(scores.path("rmse").asDouble(), within(1e-6));
        assertThat(run.out("preview", "@/recipe.yaml")).contains("number ");

        JsonNode one =
                ObjectiveRun.JSON.readTree(run.out("classify", "@/output/model", "--text", "good good bad", "--json"));
        assertThat(one.path("value").isNumber()).isTrue();
        assertThat(one.fieldNames()).toIterable().containsExactly("text", "value");
        List<String> table = run.out("classify", "@/output/model", "--text", "good good bad")
                .lines()
                .toList();
        assertThat(table.get(0)).isEqualTo("       value  text");
        assertThat(Double.parseDouble(table.get(1).strip().split(" ")[0]))
                .isCloseTo(one.path("value").asDouble(), within(1e-4));
    }

    @Test
    void anAdapterBringsItsTask() throws Exception {
        run.out("run", "@/recipe.yaml", "adapter.r=2", "training.max_steps=4", "output=@/lora");

        JsonNode scores = run.manifest("lora").path("scores");
        JsonNode again = ObjectiveRun.JSON.readTree(
                run.out("evaluate", "@/base", "@/recipe.yaml", "--adapter", "@/lora/adapter", "--json"));
        assertThat(again.path("scores").path("loss").asDouble())
                .isCloseTo(scores.path("loss").asDouble(), within(1e-6));
        String told = run.out("classify", "@/base", "--adapter", "@/lora/adapter", "--text", "good sad film", "--json");
        run.out("merge", "@/base", "--adapter", "@/lora/adapter", "--output", "@/merged");
        String merged = run.out("classify", "@/merged", "--text", "good sad film", "--json");
        assertThat(ObjectiveRun.JSON
                        .readTree(run.folder().resolve("merged/config.json").toFile())
                        .path("problem_type")
                        .asText())
                .isEqualTo("regression");
        JsonNode one = ObjectiveRun.JSON.readTree(told);
        JsonNode other = ObjectiveRun.JSON.readTree(merged);
        assertThat(other.fieldNames()).toIterable().containsExactlyElementsOf(one::fieldNames);
        assertThat(other.path("value").asDouble()).isCloseTo(one.path("value").asDouble(), within(1e-4));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "model.labels=[a, b] | model.labels are names of classes, and a regression gives a number;"
                        + " leave them out",
                "data.format=classification | model.task: regression needs data.format: regression",
                "training.class_weights=[1, 2] | training.class_weights is for model.task:"
                        + " sequence_classification, and means"
                        + " nothing with model.task: regression; leave it out",
                "training.label_smoothing_factor=0.1 | training.label_smoothing_factor is for model.task:"
                        + " sequence_classification, and means nothing with model.task: regression; leave it out",
                "training.metric_for_best_model=accuracy | training.metric_for_best_model: accuracy is not"
                        + " measured; name"
                        + " one of loss, mse, rmse, mae, r2"
            })
    void whatMeansNothingToANumberIsRefused(String override, String sentence) throws Exception {
        Ended ended = run.temper("run", "@/recipe.yaml", override, "training.load_best_model_at_end=true");
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.err().strip()).contains(sentence);
        assertThat(run.folder().resolve("output")).doesNotExist();
    }

    @Test
    void aNumberThatIsNoneIsRejectedByItsRow() throws Exception {
        Files.writeString(
                run.folder().resolve("rows.csv"), "text,n\ngood,1\nbad,NaN\nold,many\nsad,2\ncalm,3\nlong,\n");
        Ended ended = run.temper("run", "@/recipe.yaml");
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.err())
                .contains("row 2 of", "'NaN' in n is no number that can be learned: write one such as 3.5");
    }
}
