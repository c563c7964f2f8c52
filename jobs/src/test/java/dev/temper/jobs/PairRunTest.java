package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.model.ObjectiveGoldens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code temper run} trains a classifier of pairs of texts; the other commands use what it wrote. */
final class PairRunTest {
    private ObjectiveRun run;

    @BeforeEach
    void write(@TempDir Path folder) throws IOException {
        run = new ObjectiveRun(folder);
        run.write(
                "bert_regression",
                ObjectiveRun.RECIPE.formatted(
                        "sequence_classification, labels: [apart, alike]",
                        "rows.csv",
                        "format: classification, columns: {text: a, text_pair: b, label: same}"));
        StringBuilder csv = new StringBuilder("a,b,same\n");
        for (int i = 0; i < 60; i++) {
            String first = run.text();
            String second = run.random().nextBoolean() ? first : run.text();
            csv.append("%s,%s,%d\n".formatted(first, second, first.equals(second) ? 1 : 0));
        }
        Files.writeString(run.folder().resolve("rows.csv"), csv);
    }

    @Test
    void pairsAreLearnedMeasuredAndClassified() throws Exception {
        run.out("run", "@/recipe.yaml");

        JsonNode scores = run.manifest("output").path("scores");
        assertThat(scores.path("accuracy").asDouble()).isBetween(0.0, 1.0);
        JsonNode again = ObjectiveRun.JSON.readTree(run.out("evaluate", "@/output/model", "@/recipe.yaml", "--json"));
        assertThat(again.path("scores").path("log_loss").asDouble())
                .isCloseTo(scores.path("log_loss").asDouble(), within(1e-6));
        List<String> rows = run.out(
                        "classify",
                        "@/output/model",
                        "--file",
                        "@/rows.csv",
                        "--column",
                        "a",
                        "--pair-column",
                        "b",
                        "--json")
                .lines()
                .toList();
        assertThat(rows).hasSize(60);
        JsonNode first = ObjectiveRun.JSON.readTree(rows.get(0));
        JsonNode same = ObjectiveRun.JSON.readTree(run.out(
                "classify",
                "@/output/model",
                "--text",
                first.path("text").asText(),
                "--text-pair",
                first.path("text_pair").asText(),
                "--json"));
        assertThat(same.path("probabilities").path("alike").asDouble())
                .isCloseTo(first.path("probabilities").path("alike").asDouble(), within(1e-6));
        JsonNode alone = ObjectiveRun.JSON.readTree(run.out(
                "classify", "@/output/model", "--text", first.path("text").asText(), "--json"));
        assertThat(alone.path("probabilities")).isNotEqualTo(first.path("probabilities"));
    }

    @Test
    void aPairWithoutItsSecondTextIsRejectedByItsRow() throws Exception {
        Files.writeString(run.folder().resolve("rows.csv"), "a,b,same\ngood,bad,0\nold,,1\nsad,\" \",1\n");
        Ended ended = run.temper("run", "@/recipe.yaml");
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.err()).contains("row 2 of", "null in b");
        Files.writeString(run.folder().resolve("rows.csv"), "a,b,same\ngood,bad,0\nsad,\" \",1\n");
        assertThat(run.temper("run", "@/recipe.yaml").err()).contains("row 2 of", "nothing in b");
        Files.writeString(run.folder().resolve("rows.csv"), "a,same\ngood,0\n");
        assertThat(run.temper("run", "@/recipe.yaml").err()).contains("has no column b");
    }

    @Test
    void pairsThatNothingDividesAreRefused() throws Exception {
        ObjectiveGoldens.model("llama_pairs", run.folder().resolve("bare"));
        String tokenizer = Files.readString(run.folder().resolve("bare/tokenizer.json"));
        Files.writeString(
                run.folder().resolve("bare/tokenizer.json"),
                tokenizer.replaceFirst(
                        "\"post_processor\": \\{.*?\\}, \"decoder\"", "\"post_processor\": null, \"decoder\""));
        Ended ended = run.temper("run", "@/recipe.yaml", "model.base=@/bare");
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.err())
                .contains("the tokenizer puts nothing between two texts, and a llama model has no token types: it could"
                        + " not tell them apart; name a base whose tokenizer divides them");
    }
}
