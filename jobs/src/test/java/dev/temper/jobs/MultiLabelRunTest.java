package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.model.ModelTask;
import dev.temper.model.Task;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code temper run} trains a model that gives several labels; the other commands use what it wrote. */
final class MultiLabelRunTest {
    private ObjectiveRun run;

    @BeforeEach
    void write(@TempDir Path folder) throws IOException {
        run = new ObjectiveRun(folder);
        run.write(
                "bert_regression",
                ObjectiveRun.RECIPE.formatted(
                        "multi_label_classification, labels: [funny, sad, calm]", "rows.jsonl", "format: multi_label"));
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 60; i++) {
            String text = run.text();
            List<String> labels = List.of("funny", "sad", "calm").stream()
                    .filter(text::contains)
                    .toList();
            JsonNode row = ObjectiveRun.JSON
                    .createObjectNode()
                    .put("text", text)
                    .set("labels", ObjectiveRun.JSON.valueToTree(labels));
            lines.append(row).append('\n');
        }
        Files.writeString(run.folder().resolve("rows.jsonl"), lines);
    }

    @Test
    void severalLabelsAreLearnedMeasuredAndGiven() throws Exception {
        String said = run.out("run", "@/recipe.yaml");

        assertThat(said).contains("subset_accuracy", "f1_micro", "f1_macro");
        JsonNode scores = run.manifest("output").path("scores");
        List<String> predictions = run.lines("output/evaluation/predictions.csv");
        assertThat(predictions.get(0))
                .isEqualTo("row_id,source,row,labels,predicted,probability_funny,probability_sad,probability_calm");
        double right = predictions.stream()
                .skip(1)
                .map(line -> line.split(",", -1))
                .filter(cells -> cells[3].equals(cells[4]))
                .count();
        assertThat(right / (predictions.size() - 1))
                .isCloseTo(scores.path("subset_accuracy").asDouble(), within(1e-9));
        assertThat(run.lines("output/evaluation/per_label.csv"))
                .hasSize(4)
                .first()
                .isEqualTo("label,precision,recall,f1,support,predicted");
        assertThat(run.folder().resolve("output/report.html")).content().contains("Labels", "support");
        ModelTask task = ModelTask.of(Folder.local(run.folder().resolve("output/model")));
        assertThat(task).isEqualTo(ModelTask.of(Task.MULTI_LABEL_CLASSIFICATION, List.of("funny", "sad", "calm")));
        JsonNode again = ObjectiveRun.JSON.readTree(run.out("evaluate", "@/output/model", "@/recipe.yaml", "--json"));
        assertThat(again.path("scores").path("f1_micro").asDouble())
                .isCloseTo(scores.path("f1_micro").asDouble(), within(1e-6));
        assertThat(run.out("preview", "@/recipe.yaml")).contains("labels ");

        JsonNode one =
                ObjectiveRun.JSON.readTree(run.out("classify", "@/output/model", "--text", "funny sad film", "--json"));
        assertThat(one.fieldNames()).toIterable().containsExactly("text", "labels", "probabilities");
        List<String> had = new ArrayList<>();
        one.path("probabilities").fields().forEachRemaining(entry -> {
            if (entry.getValue().asDouble() > 0.5) {
                had.add(entry.getKey());
            }
        });
        assertThat(one.path("labels")).extracting(JsonNode::asText).isEqualTo(had);
        assertThat(run.out("classify", "@/output/model", "--text", "funny sad film")
                        .lines()
                        .findFirst()
                        .orElseThrow())
                .startsWith("labels ")
                .endsWith("  funny     sad    calm  text");
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
                .isEqualTo("multi_label_classification");
        JsonNode one = ObjectiveRun.JSON.readTree(told);
        JsonNode other = ObjectiveRun.JSON.readTree(merged);
        assertThat(other.fieldNames()).toIterable().containsExactlyElementsOf(one::fieldNames);
        assertThat(other.at("/probabilities/sad").asDouble())
                .isCloseTo(one.at("/probabilities/sad").asDouble(), within(1e-4));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"text\": \"good\", \"labels\": [\"odd\"]} | 'odd' in labels is neither one of the labels"
                        + " funny, sad, calm nor"
                        + " a number from 0 to 2",
                "{\"text\": \"good\", \"labels\": null} | null in labels",
                "{\"text\": \"good\", \"labels\": [\"sad\", 1]} | 'sad' is twice in labels",
                "{\"text\": \"good\", \"labels\": 3} | labels holds no text or list of labels but a number"
            })
    void labelsThatAreNoneAreRejectedByTheirRow(String row, String sentence) throws Exception {
        Files.writeString(
                run.folder().resolve("rows.jsonl"), "{\"text\": \"good\", \"labels\": []}\n" + row + "\n".repeat(1));
        Ended ended = run.temper("run", "@/recipe.yaml");
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.err()).contains("row 2 of", sentence);
    }
}
