package dev.temper.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.temper.check.InvalidInputException;
import dev.temper.collective.Collective;
import dev.temper.collective.Workers;
import dev.temper.eval.Prompts;
import dev.temper.kernel.Workspace;
import dev.temper.model.Network;
import dev.temper.model.TokenStream;
import dev.temper.track.Metric;
import dev.temper.train.config.ClassWeights;
import dev.temper.train.objective.ClassifiedRows;
import dev.temper.train.objective.Evaluation;
import dev.temper.train.objective.HeadRows;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A classifier's curve, scores and predictions follow from its rows, for any number of workers. */
final class ClassifierTrainingTest {
    @TempDir
    private Path base;

    private final Settings settings = new Settings();
    private int trainRows = 24;

    private record Outcome(Curve curve, List<Evaluation.Prediction> predictions, float[] weights) {}

    @BeforeEach
    void writeModel() throws Exception {
        TinyTexts.writeModel(base);
        settings.evalSteps = 3;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void workersDoNotChangeTheRun(boolean grouped) throws Exception {
        settings.classWeights = List.of(1, 3);
        settings.shuffle = grouped;
        settings.groupByLength = grouped;
        Outcome alone = train(Collective.alone());

        List<Outcome> together = Workers.all(3, this::train);

        for (Outcome outcome : together) {
            assertSame(outcome, alone);
            assertThat(outcome).usingRecursiveComparison().isEqualTo(together.get(0));
        }
    }

    @Test
    void microBatchesDoNotChangeTheRun() throws Exception {
        Outcome whole = train(Collective.alone());
        settings.microBatchTokens = 1;

        assertSame(train(Collective.alone()), whole);
    }

    @Test
    void lossIsTorchsWeightedMean() throws Exception {
        settings.steps = 1;
        settings.batchSize = 24;
        settings.classWeights = List.of(0.5, 4);
        ClassifiedRows rows = TinyTexts.all(24, 7, settings.classWeights);
        double weighted = 0;
        double weights = 0;
        for (HeadRows.Row row : rows.train()) {
            double weight = row.label()[0] == 0 ? 0.5 : 4;
            weighted += weight * crossEntropy(row);
            weights += weight;
        }
        double unweighted = 0;
        for (HeadRows.Row row : rows.eval()) {
            unweighted += crossEntropy(row) / rows.eval().size();
        }

        Curve curve = train(Collective.alone()).curve();

        assertThat(curve.values("train/loss")).containsExactly(new double[] {weighted / weights}, within(1e-6));
        assertThat(curve.values("eval/loss")[0]).isCloseTo(unweighted, within(1e-6));
    }

    /** Trained and evaluated, as by transformers' LabelSmoother and its Trainer; log_loss stays what it is. */
    @Test
    void lossIsTheSmoothedOneOfTransformers() throws Exception {
        settings.steps = 1;
        settings.batchSize = 24;
        settings.labelSmoothing = 0.2;
        ClassifiedRows rows = TinyTexts.all(24, 7, List.of());

        Curve curve = train(Collective.alone()).curve();

        assertThat(curve.values("train/loss")).containsExactly(new double[] {smoothed(rows.train())}, within(1e-6));
        assertThat(curve.values("eval/loss")[0]).isCloseTo(smoothed(rows.eval()), within(1e-6));
        double plain = 0;
        for (HeadRows.Row row : rows.eval()) {
            plain += crossEntropy(row) / rows.eval().size();
        }
        assertThat(curve.values("eval/log_loss")[0]).isCloseTo(plain, within(1e-6));
    }

    private double smoothed(List<HeadRows.Row> rows) throws Exception {
        double sum = 0;
        for (HeadRows.Row row : rows) {
            double other = crossEntropy(new HeadRows.Row(row.ids(), 1 - row.label()[0]));
            sum += (0.8 + 0.1) * crossEntropy(row) + 0.1 * other; // of two classes each gets half of 0.2
        }
        return sum / rows.size();
    }

    private double crossEntropy(HeadRows.Row row) throws Exception {
        try (Workspace workspace = Workspace.open(1)) {
            float[] logits = Network.open(workspace, base).classify(TokenStream.of(List.of(row.ids())))[0];
            return Math.log(Math.exp(logits[0]) + Math.exp(logits[1])) - logits[row.label()[0]];
        }
    }

    @Test
    void learnsAndBringsItsPredictionsHome() throws Exception {
        trainRows = 400;
        settings.steps = 200;
        settings.batchSize = 20;
        settings.learningRate = 1e-2;
        settings.evalSteps = 100;

        Outcome outcome = train(Collective.alone());

        double[] accuracy = outcome.curve().values("eval/accuracy");
        assertThat(outcome.curve().steps("eval/accuracy")).containsExactly(0, 100, 200);
        assertThat(accuracy[2]).isGreaterThan(0.8);
        assertThat(outcome.curve().values("eval/loss")[2])
                .isLessThan(0.8 * outcome.curve().values("eval/loss")[0]);
        List<HeadRows.Row> eval = TinyTexts.all(trainRows, 7, List.of()).eval();
        double right = 0;
        for (int i = 0; i < eval.size(); i++) {
            Evaluation.Prediction prediction = outcome.predictions().get(i);
            assertThat(prediction.row()).isEqualTo(i);
            assertThat(prediction.label()).isEqualTo(eval.get(i).label());
            assertThat(prediction.answer()[0] + prediction.answer()[1]).isCloseTo(1, within(1e-12));
            right += prediction.answer()[prediction.label()[0]] > 0.5 ? 1 : 0;
        }
        assertThat(accuracy[2]).isEqualTo(right / eval.size());
    }

    @Test
    void weightsAreCheckedAgainstTheLabels() {
        assertThat(ClassWeights.of("balanced").of(new int[] {30, 10, 0})).containsExactly(40 / 60.0, 2, 1);
        assertThatThrownBy(() -> TinyTexts.all(4, 2, List.of(1, 2, 3)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("training.class_weights has 3 values, model.labels names 2 classes: write one for each");
        assertThatThrownBy(() -> ClassWeights.of(List.of(1, 0)))
                .hasMessage("training.class_weights must be positive numbers, got 0");
        assertThatThrownBy(() -> ClassWeights.of("even"))
                .hasMessage(
                        "training.class_weights must be a list of positive numbers, one for each label, or balanced,"
                                + " got even");
    }

    private Outcome train(Collective workers) throws Exception {
        ClassifiedRows rows = TinyTexts.all(trainRows, 7, settings.classWeights);
        try (Workspace workspace = Workspace.open(1);
                TrainedModel model = TrainedModels.full(workspace, base)) {
            TrainingResult result = new TrainingLoop(model, rows, settings.config(), workers, ProgressListener.silent())
                    .run(Prompts.none(), Optional.empty());
            float[] weights = model.parameters().flatWeights().toFloatArray();
            List<Metric> timeless = result.metrics().stream()
                    .filter(metric -> !metric.name().equals("train/tokens_per_second"))
                    .map(metric -> new Metric(metric.step(), metric.name(), metric.value(), Instant.EPOCH))
                    .toList();
            return new Outcome(new Curve(timeless), result.predictions(), weights);
        }
    }

    private static void assertSame(Outcome actual, Outcome expected) {
        for (String name : List.of("train/loss", "train/grad_norm", "eval/loss", "eval/accuracy", "eval/roc_auc")) {
            assertThat(actual.curve().values(name))
                    .as(name)
                    .hasSizeGreaterThan(2)
                    .containsExactly(expected.curve().values(name), within(1e-5));
        }
        assertThat(actual.weights()).containsExactly(expected.weights(), within(1e-5f));
        assertThat(actual.predictions()).hasSameSizeAs(expected.predictions()).hasSize(7);
        for (int i = 0; i < 7; i++) {
            assertThat(actual.predictions().get(i).answer())
                    .containsExactly(expected.predictions().get(i).answer(), within(1e-5));
        }
    }
}
