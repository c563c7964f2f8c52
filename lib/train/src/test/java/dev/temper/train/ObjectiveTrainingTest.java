package dev.temper.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.collective.Collective;
import dev.temper.collective.Workers;
import dev.temper.kernel.Workspace;
import dev.temper.model.ModelTask;
import dev.temper.model.ObjectiveGoldens;
import dev.temper.report.EvaluationReport;
import dev.temper.storage.Folder;
import dev.temper.text.LabelFormat;
import dev.temper.text.TokenRow;
import dev.temper.train.objective.Evaluation;
import dev.temper.train.objective.Objective;
import dev.temper.train.objective.Objectives;
import dev.temper.train.objective.TrainingRows;
import dev.temper.train.rows.MappedRows;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The training loop gives transformers' curve of a regression, of several labels a text and of pairs, and scores that
 * follow from transformers' logits, for any number of workers.
 */
final class ObjectiveTrainingTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "bert_regression",
                "llama_regression",
                "bert_multi_label",
                "llama_multi_label",
                "bert_pairs",
                "llama_pairs"
            })
    void theCurveIsThatOfTransformers(String name) throws Exception {
        JsonNode golden = ObjectiveGoldens.golden(name);
        double[] losses = IntStream.range(0, 10)
                .mapToDouble(i -> golden.path("steps").path(i).path("loss").asDouble())
                .toArray();
        ModelTask task = ModelTask.of(Folder.local(ObjectiveGoldens.model(name, folder)));

        Curve alone = train(task, golden, Collective.alone());
        List<Curve> together = Workers.all(2, workers -> train(task, golden, workers));

        for (Curve curve : List.of(alone, together.get(0), together.get(1))) {
            assertThat(curve.values("train/loss")).containsExactly(losses, within(1e-4));
            assertThat(curve.values("eval/loss")).hasSize(2);
            assertThat(curve.values("eval/loss")[0]).isCloseTo(loss(task, golden, "before"), within(1e-4));
            assertThat(curve.values("eval/loss")[1]).isCloseTo(loss(task, golden, "after"), within(1e-3));
            Objective objective = objective(task);
            for (String score : objective.scoreNames()) {
                assertThat(curve.values("eval/" + score)).as(score).hasSize(2);
            }
            EvaluationReport report =
                    objective.report(predictions(task, golden)).orElseThrow();
            report.scores().forEach((score, value) -> assertThat(curve.values("eval/" + score)[0])
                    .as(score)
                    .isCloseTo(value, within(1e-4)));
            assertThat(report.predictions().rows()).hasSize(16);
        }
    }

    private static Objective objective(ModelTask task) {
        return Objectives.of(task.kind(), task.kind().fewestLabels() == 0 ? List.of() : task.labels());
    }

    private Curve train(ModelTask task, JsonNode golden, Collective workers) throws Exception {
        Settings settings = new Settings();
        settings.steps = 10;
        settings.learningRate = 5e-3;
        settings.weightDecay = 0;
        try (Workspace workspace = Workspace.open(1);
                MappedRows rows = rows(task, golden);
                TrainedModel model = TrainedModels.full(workspace, folder)) {
            TrainingRows learned = objective(task).rows(rows, rows, null, settings.config()); // packing is for tokens
            return Curve.of(model, learned, settings.config(), workers);
        }
    }

    private MappedRows rows(ModelTask task, JsonNode golden) throws Exception {
        try (MappedRows.Writer writer = new MappedRows.Writer(folder.resolve("local"), 0)) {
            for (JsonNode row : golden.path("rows")) {
                int[] ids = ObjectiveGoldens.row(row).ids();
                int[] types = ObjectiveGoldens.row(row).tokenTypes();
                int second =
                        (int) Arrays.stream(types).filter(type -> type == 0).count();
                writer.add(
                        new TokenRow(ids, new boolean[ids.length], types.length == 0 ? ids.length : second),
                        label(task, row));
            }
            return writer.finish();
        }
    }

    private static int[] label(ModelTask task, JsonNode row) {
        double[] target = ObjectiveGoldens.doubles(row.path("target"));
        LabelFormat format =
                objective(task).formats().iterator().next().labels().orElseThrow();
        String value =
                switch (task.kind()) {
                    case REGRESSION -> String.valueOf(target[0]);
                    case MULTI_LABEL_CLASSIFICATION -> IntStream.range(0, target.length)
                            .filter(i -> target[i] == 1)
                            .mapToObj(task.labels()::get)
                            .toList()
                            .toString()
                            .replaceAll("[\\[\\] ]", "")
                            .replace(',', ';');
                    default -> task.labels().get((int) target[0]);
                };
        return format.read(value, task.labels(), "label");
    }

    /** What transformers' logits before the training say. */
    private static List<Evaluation.Prediction> predictions(ModelTask task, JsonNode golden) {
        List<Evaluation.Prediction> predictions = new ArrayList<>();
        for (int i = 0; i < golden.path("rows").size(); i++) {
            double[] logits = ObjectiveGoldens.doubles(golden.path("before").path(i));
            double sum = Arrays.stream(logits).map(Math::exp).sum();
            double[] answer = Arrays.stream(logits)
                    .map(logit -> switch (task.kind()) {
                        case REGRESSION -> logit;
                        case MULTI_LABEL_CLASSIFICATION -> 1 / (1 + Math.exp(-logit));
                        default -> Math.exp(logit) / sum;
                    })
                    .toArray();
            int[] label = label(task, golden.path("rows").path(i));
            predictions.add(new Evaluation.Prediction(i, label, answer));
        }
        return predictions;
    }

    private static double loss(ModelTask task, JsonNode golden, String when) {
        double sum = 0;
        for (int i = 0; i < golden.path("rows").size(); i++) {
            double[] logits = ObjectiveGoldens.doubles(golden.path(when).path(i));
            double[] target =
                    ObjectiveGoldens.doubles(golden.path("rows").path(i).path("target"));
            sum += switch (task.kind()) {
                case REGRESSION -> Math.pow(logits[0] - target[0], 2);
                case MULTI_LABEL_CLASSIFICATION -> IntStream.range(0, logits.length)
                        .mapToDouble(k -> Math.log(1 + Math.exp(logits[k])) - target[k] * logits[k])
                        .average()
                        .orElseThrow();
                default -> Math.log(Arrays.stream(logits).map(Math::exp).sum()) - logits[(int) target[0]];
            };
        }
        return sum / golden.path("rows").size();
    }
}
