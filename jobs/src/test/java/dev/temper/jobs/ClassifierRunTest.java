package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.model.ModelTask;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code temper run} trains a classifier and says what it is worth; {@code temper evaluate} says the same again. */
final class ClassifierRunTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private static Path folder;

    private static SmallClassifier setup;
    private static Ended trained;
    private static JsonNode manifest;

    @BeforeAll
    static void train() throws Exception {
        setup = SmallClassifier.write(folder);
        trained = setup.temper(
                "run",
                "@/recipe.yaml",
                "training.class_weights=balanced",
                "training.metric_for_best_model=accuracy",
                "training.load_best_model_at_end=true");
        assertThat(trained.code()).as(trained.err()).isZero();
        manifest = manifest("output");
    }

    @Test
    void saysWhatTheModelIsWorth() throws Exception {
        JsonNode scores = manifest.path("scores");
        assertThat(scores.path("accuracy").asDouble()).isGreaterThan(0.6);
        assertThat(manifest.path("best").path("metric").asText()).isEqualTo("eval/accuracy");
        assertThat(manifest.path("best").path("value").asDouble())
                .isEqualTo(scores.path("accuracy").asDouble());
        assertThat(manifest.path("kept_step")).isEqualTo(manifest.at("/best/step"));
        assertThat(manifest.path("stopped").asText()).isEqualTo("all updates done");
        assertThat(trained.out())
                .contains("score ", "before", "after", "f1_macro", "score is new, and random until it is trained")
                .containsPattern(
                        "best +eval/accuracy [01]\\.\\d{4} after update \\d+, which is the model that is kept");
        assertThat(ModelTask.of(Folder.local(folder.resolve("output/model"))).labels())
                .containsExactly("no", "yes");
    }

    @Test
    void writesTablesPicturesAndPages() throws Exception {
        Path evaluation = folder.resolve("output/evaluation");
        int evaluated = manifest.at("/rows/evaluated").asInt();
        List<String> predictions = Files.readAllLines(evaluation.resolve("predictions.csv"));
        assertThat(predictions.get(0)).isEqualTo("row_id,source,row,label,predicted,probability_no,probability_yes");
        assertThat(predictions).hasSize(evaluated + 1);
        double right = predictions.stream()
                .skip(1)
                .map(line -> line.split(","))
                .filter(cells -> cells[3].equals(cells[4]))
                .count();
        assertThat(right / evaluated).isEqualTo(manifest.at("/scores/accuracy").asDouble());
        assertThat(numbers(evaluation.resolve("confusion_matrix.csv"), 2)).isEqualTo(evaluated);
        assertThat(numbers(evaluation.resolve("per_class.csv"), 6)).isEqualTo(evaluated);
        assertThat(Files.readAllLines(evaluation.resolve("roc_curve.csv")).get(0))
                .isEqualTo("label,threshold,false_positive_rate,true_positive_rate");
        for (String table : List.of("scores", "predictions", "confusion_matrix", "roc_curve", "per_class")) {
            assertThat(WrittenRun.session()
                            .read()
                            .parquet(evaluation.resolve(table).toString())
                            .count())
                    .as(table)
                    .isEqualTo(Files.readAllLines(evaluation.resolve(table + ".csv"))
                                    .size()
                            - 1);
        }
        assertThat(evaluation.resolve("confusion_matrix.png")).isNotEmptyFile();
        assertThat(evaluation.resolve("roc_curve.png")).isNotEmptyFile();
        assertThat(folder.resolve("output/report.html")).content().contains("Confusion matrix", "data:image/png");
        assertThat(folder.resolve("output/model/README.md"))
                .content()
                .contains("text-classification", "AutoModelForSequenceClassification", "accuracy")
                .doesNotContain(folder.toString());
    }

    private static double numbers(Path csv, int column) throws IOException {
        return Files.readAllLines(csv).stream()
                .skip(1)
                .mapToDouble(line -> Double.parseDouble(line.split(",")[column]))
                .sum();
    }

    @Test
    void evaluateSaysWhatTheRunSaid() throws Exception {
        Map<String, Long> before = files(folder.resolve("output"));

        Ended ended = setup.temper("evaluate", "@/output/model", "@/recipe.yaml", "--json", "--output", "@/measured");

        assertThat(ended.code()).as(ended.err()).isZero();
        assertScores(JSON.readTree(ended.out()), manifest);
        assertThat(files(folder.resolve("output"))).isEqualTo(before);
        assertThat(folder.resolve("measured/predictions.csv"))
                .hasSameTextualContentAs(folder.resolve("output/evaluation/predictions.csv"));
        assertThat(folder.resolve("measured/prepared")).doesNotExist();
    }

    @Test
    void adapterIsEvaluatedAsItsRunSaid() throws Exception {
        Ended run = setup.temper("run", "@/recipe.yaml", "adapter.r=4", "training.max_steps=4", "output=@/lora");
        assertThat(run.code()).as(run.err()).isZero();

        Ended ended = setup.temper(
                "evaluate", "@/base", "@/recipe.yaml", "--adapter", "@/lora/adapter", "--json", "cluster.workers=2");

        assertThat(ended.code()).as(ended.err()).isZero();
        assertScores(JSON.readTree(ended.out()), manifest("lora"));
        assertSays(
                setup.temper(
                        "evaluate",
                        "@/base",
                        "@/recipe.yaml",
                        "--adapter",
                        "@/lora/adapter/",
                        "model.labels=[\"yes\", no]"),
                "temper: @/lora/adapter was trained to classify as [no, yes], model.labels names [yes, no]: they must"
                        + " agree, in their order, too");
        try (Stream<Path> files = Files.list(folder.resolve("lora/adapter"))) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .contains("adapter_config.json", "tokenizer.json", "tokenizer_config.json", "README.md");
        }
    }

    @Test
    void languageModelIsEvaluatedAsItsRunSaid() throws Exception {
        Files.writeString(folder.resolve("causal.yaml"), SmallRun.RECIPE);
        Files.write(folder.resolve("train.csv"), SmallRun.rows("train.csv", SmallRun.TRAIN_ROWS));
        Files.write(folder.resolve("eval.csv"), SmallRun.rows("eval.csv", SmallRun.EVAL_ROWS));
        String[] data = {"data.train=@/train.csv", "data.eval=@/eval.csv", "output=@/causal"};
        String patience = "training={max_steps: 12, eval_strategy: steps, eval_steps: 3, early_stopping_patience: 1,"
                + " early_stopping_threshold: 100}"; // nothing improves by so much
        Ended run = setup.temper(
                "run", "@/causal.yaml", data[0], data[1], data[2], "model.base=" + SmallRun.BASE, patience);
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(manifest("causal").path("steps").asInt()).isEqualTo(6);
        assertThat(manifest("causal").path("stopped").asText())
                .isEqualTo("early: eval/loss was no better in an evaluation");
        assertThat(run.out()).contains("stopped     early: eval/loss was no better in an evaluation");

        Ended ended = setup.temper("evaluate", "@/causal/model", "@/causal.yaml", data[0], data[1], data[2], "--json");
        assertThat(ended.code()).as(ended.err()).isZero();
        assertScores(JSON.readTree(ended.out()), manifest("causal"));
        assertThat(manifest("causal").path("scores").fieldNames())
                .toIterable()
                .containsExactly("loss", "perplexity", "exact_match");
        assertThat(folder.resolve("causal/report.html")).content().contains("Answers", "data:image/png");
        assertThat(folder.resolve("causal/model/README.md"))
                .content()
                .contains("Results on eval.csv")
                .doesNotContain("Results on train.csv");
    }

    @Test
    void planCountsTheNewHead() {
        Ended full = setup.temper("plan", "@/recipe.yaml", "--json");
        Ended causal =
                setup.temper("plan", "@/recipe.yaml", "--json", "model={base: @/base}", "data={train: @/texts.csv}");

        assertThat(full.code()).as(full.err()).isZero();
        assertThat(trainable(causal) - trainable(full)).isEqualTo(512 * 12 - 2 * 12); // lm_head out, score in
    }

    private static long trainable(Ended plan) {
        try {
            return JSON.readTree(plan.out()).at("/parameters/trainable").asLong();
        } catch (IOException e) {
            throw new AssertionError(plan.err(), e);
        }
    }

    @Test
    void evaluateRefusesWhatItCannotMeasure() {
        assertSays(
                setup.temper("evaluate", "@/output/model", "@/recipe.yaml", "data.eval_fraction=0"),
                "temper: the recipe has no rows to evaluate on: set data.eval or data.eval_fraction");
        assertSays(
                setup.temper("evaluate", "@/output/model", "@/recipe.yaml", "model.labels=[\"yes\", no]"),
                "temper: @/output/model classifies as [no, yes], model.labels names [yes, no]: they must agree, in"
                        + " their order, too");
        assertSays(
                setup.temper("evaluate", "@/output/model", "@/recipe.yaml", "--output", "@/output"),
                "temper: --output: @/output is the output of the recipe's run; name another folder");
        assertSays(
                setup.temper("evaluate", "@/base", "@/recipe.yaml"),
                "temper: @/base: the weights have no head for classification: score is new, and random until it is"
                        + " trained; name the folder that a run wrote, or --adapter");
    }

    private static void assertSays(Ended ended, String message) {
        assertThat(ended.err()).isEqualTo(message.replace("@", folder.toString()) + "\n");
        assertThat(ended.code()).isEqualTo(2);
    }

    private static void assertScores(JsonNode measured, JsonNode manifest) {
        assertThat(measured.path("rows")).isEqualTo(manifest.at("/rows/evaluated"));
        JsonNode expected = manifest.path("scores");
        assertThat(measured.path("scores")).hasSameSizeAs(expected).isNotEmpty();
        expected.fields().forEachRemaining(score -> assertThat(
                        measured.path("scores").path(score.getKey()).asDouble())
                .as(score.getKey())
                .isCloseTo(score.getValue().asDouble(), within(1e-6)));
    }

    private static JsonNode manifest(String output) throws IOException {
        return JSON.readTree(folder.resolve(output).resolve("manifest.json").toFile());
    }

    private static Map<String, Long> files(Path root) throws IOException {
        Map<String, Long> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(root)) {
            for (Path path : all.toList()) {
                files.put(path.toString(), Files.getLastModifiedTime(path).toMillis());
            }
        }
        return files;
    }
}
