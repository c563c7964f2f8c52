package dev.temper.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import dev.temper.collective.Collective;
import dev.temper.collective.Workers;
import dev.temper.eval.Prompts;
import dev.temper.eval.Sample;
import dev.temper.generate.GenerationConfig;
import dev.temper.kernel.Workspace;
import dev.temper.model.TinyModel;
import dev.temper.safetensors.TensorFiles;
import dev.temper.storage.Folder;
import dev.temper.storage.Store;
import dev.temper.text.TinyTokenizer;
import dev.temper.text.TokenRow;
import dev.temper.text.Tokenizer;
import dev.temper.track.Metric;
import dev.temper.train.config.Schedule;
import dev.temper.train.objective.CausalRows;
import dev.temper.train.objective.Evaluation;
import dev.temper.train.worker.Replica;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which model is kept, and when training ends, by what is measured while it runs. */
final class BestModelTest {
    private static final int STEPS = 40;

    @TempDir
    private Path base;

    @TempDir
    private Path saved;

    private final Settings settings = new Settings();

    private record Outcome(Curve curve, TrainingResult result, float[] weights) {}

    @BeforeEach
    void writeModel() throws Exception {
        TinyTexts.writeModel(base);
        settings.steps = STEPS;
        settings.evalSteps = 2;
        settings.saveSteps = 2;
        settings.learningRate = 1e-2; // soon knows its rows by heart: the held-out loss rises again
        settings.schedule = Schedule.Type.CONSTANT;
    }

    @ParameterizedTest
    @CsvSource({"loss, 2", "eval/loss, 3", "accuracy, 3", "eval/roc_auc, 2"})
    void stopsWhenPatienceEndsAndNotBefore(String metric, int patience) throws Exception {
        settings.metricForBestModel = metric;
        Curve whole = train(Collective.alone(), Optional.empty()).curve();
        String name = metric.startsWith("eval/") ? metric : "eval/" + metric;
        int[] expected = stop(whole.values(name), patience, name.endsWith("loss") ? -1 : 1);
        settings.earlyStoppingPatience = patience;

        Outcome stopped = train(Collective.alone(), Optional.empty());

        assertThat(expected[1]).as("the metric says when to stop").isLessThan(STEPS);
        TrainingResult.Outcome outcome = stopped.result().outcome();
        assertThat(outcome.steps()).isEqualTo(outcome.keptStep()).isEqualTo(expected[1]);
        assertThat(outcome.bestStep()).isEqualTo(expected[0]);
        assertThat(outcome.bestValue()).isEqualTo(whole.values(name)[expected[0] / 2]);
        assertThat(outcome.stoppedEarly()).isTrue();
        assertThat(stopped.curve().values("train/loss"))
                .isEqualTo(Arrays.copyOf(whole.values("train/loss"), expected[1]));
    }

    /** The best step and the one at which patience ends, read from a curve whose first value is before training. */
    private static int[] stop(double[] values, int patience, int sign) {
        int best = 1;
        for (int i = 2; i < values.length; i++) {
            best = sign * values[i] > sign * values[best] ? i : best;
            if (i - best == patience) {
                return new int[] {2 * best, 2 * i};
            }
        }
        return new int[] {2 * best, STEPS};
    }

    @Test
    void aThresholdMakesItImpatient() throws Exception {
        settings.earlyStoppingPatience = 2;
        settings.earlyStoppingThreshold = 100; // nothing improves by so much

        TrainingResult.Outcome outcome =
                train(Collective.alone(), Optional.empty()).result().outcome();

        assertThat(outcome.steps()).isEqualTo(6); // the first evaluation counts, then two without improvement
        assertThat(outcome.stoppedEarly()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2})
    void bestWeightsAreKept(int patience) throws Exception {
        settings.loadBestModelAtEnd = true;
        settings.earlyStoppingPatience = patience;

        Outcome kept = train(Collective.alone(), checkpoints());

        int best = kept.result().outcome().bestStep();
        int last = kept.result().outcome().steps();
        assertThat(best)
                .isPositive()
                .isLessThan(last)
                .isEqualTo(kept.result().outcome().keptStep());
        assertThat(names()).containsExactly(name(best), name(last));
        assertHolds(saved.resolve(name(best)), kept.weights());
        settings.loadBestModelAtEnd = false;
        settings.earlyStoppingPatience = 0;
        settings.steps = best;
        Outcome shorter = train(Collective.alone(), Optional.empty());
        assertThat(kept.weights()).isEqualTo(shorter.weights());
        assertThat(kept.result().predictions())
                .usingRecursiveComparison()
                .isEqualTo(shorter.result().predictions());
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 7})
    void resumedRunIsTheUninterruptedOne(int update) throws Exception {
        settings.loadBestModelAtEnd = true;
        settings.earlyStoppingPatience = 3;
        Outcome whole = train(Collective.alone(), checkpoints());
        for (String name : names()) {
            Folder.local(saved).delete(name);
        }
        assertThat(whole.result().outcome().steps()).isGreaterThan(update);
        assertThatThrownBy(() -> train(new StoppedCollective(update), checkpoints()))
                .hasMessage(StoppedCollective.LOST);

        Outcome resumed = train(Collective.alone(), checkpoints());
        Outcome again = train(Collective.alone(), checkpoints()); // its last checkpoint says that it is over

        for (Outcome outcome : List.of(resumed, again)) {
            assertThat(outcome.result().outcome()).isEqualTo(whole.result().outcome());
            assertThat(outcome.weights()).isEqualTo(whole.weights());
            assertThat(outcome.curve().values("eval/loss"))
                    .isEqualTo(whole.curve().values("eval/loss"));
            assertThat(outcome.result().predictions())
                    .usingRecursiveComparison()
                    .isEqualTo(whole.result().predictions());
        }
    }

    @Test
    void workersDecideTheSame() throws Exception {
        settings.loadBestModelAtEnd = true;
        settings.earlyStoppingPatience = 2;
        Outcome alone = train(Collective.alone(), checkpoints());
        for (String name : names()) {
            Folder.local(saved).delete(name);
        }

        List<Outcome> together = Workers.all(2, workers -> train(workers, checkpoints()));

        for (Outcome outcome : together) {
            TrainingResult.Outcome ended = outcome.result().outcome();
            assertThat(ended).isEqualTo(together.get(0).result().outcome());
            assertThat(ended.steps()).isEqualTo(alone.result().outcome().steps());
            assertThat(ended.keptStep()).isEqualTo(alone.result().outcome().keptStep());
            assertThat(outcome.weights()).isEqualTo(together.get(0).weights());
        }
    }

    @Test
    void languageModelsStopAndAreKeptTheSameWay(@TempDir Path causal) throws Exception {
        TinyModel.LLAMA.write(causal);
        List<TokenRow> rows = TinyModel.rows(36).stream()
                .map(row -> new TokenRow(row.ids(), row.trained()))
                .toList();
        settings.metricForBestModel = "perplexity";
        settings.loadBestModelAtEnd = true;
        settings.earlyStoppingPatience = 2;
        GenerationConfig config = new GenerationConfig(List.of(), 3, 2, false, 1, 0, 1, 0, 1);
        try (Workspace workspace = Workspace.open(1);
                Tokenizer tokenizer = Tokenizer.open(TinyTokenizer.write(causal));
                TrainedModel model = TrainedModels.full(workspace, causal)) {
            CausalRows data = CausalRows.unpacked(rows.subList(0, 24), rows.subList(24, 36));
            TrainingResult result = new TrainingLoop(
                            model, data, settings.config(), Collective.alone(), ProgressListener.silent())
                    .run(new Prompts(tokenizer, config, List.of(), data.eval(), Set.of()), checkpoints());

            double[] measured = new Curve(result.metrics()).values("eval/perplexity");
            int[] expected = stop(measured, 2, -1);
            long kept = expected[0];
            assertThat(result.outcome().steps()).isEqualTo(expected[1]).isLessThan(STEPS);
            assertThat(result.outcome().keptStep()).isEqualTo(expected[0]).isLessThan(expected[1]);
            assertThat(result.samples()).extracting(Sample::step).containsExactly(0L, 0L, 0L, kept, kept, kept);
            assertThat(result.metrics().stream()
                            .filter(metric -> metric.name().equals("eval/exact_match"))
                            .map(Metric::step))
                    .as("answers are those of the model that is kept")
                    .containsExactly(0L, kept);
            assertHolds(
                    saved.resolve(name(expected[0])),
                    model.parameters().flatWeights().toFloatArray());
            Evaluation again = data.evaluate(Replica.of(model.network(), Collective.alone(), settings.config()));
            assertThat(again.scores().get("perplexity"))
                    .isEqualTo(result.outcome().bestValue());
        }
    }

    @Test
    void unknownMetricIsNamedBeforeTraining() {
        settings.metricForBestModel = "acuracy";
        settings.earlyStoppingPatience = 2;

        assertThatThrownBy(() -> train(Collective.alone(), Optional.empty()))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith("training.metric_for_best_model: acuracy is not measured; name one of loss,"
                        + " accuracy, precision,");
    }

    private static void assertHolds(Path checkpoint, float[] weights) throws IOException {
        TensorFiles files = TensorFiles.open(checkpoint, "weights");
        int elements = 0;
        for (String name : files.index().names()) {
            FloatBuffer expected = files.bytes(name).asFloatBuffer();
            assertThat(contains(weights, expected)).as(name).isTrue();
            elements += expected.remaining();
        }
        assertThat(elements).isEqualTo(weights.length);
    }

    private static boolean contains(float[] all, FloatBuffer part) {
        for (int from = 0; from + part.remaining() <= all.length; from++) {
            if (FloatBuffer.wrap(all, from, part.remaining()).equals(part)) {
                return true;
            }
        }
        return false;
    }

    private static String name(int step) {
        return "step-%08d".formatted(step);
    }

    private List<String> names() throws IOException {
        return Folder.local(saved).list().stream().map(Store.Entry::name).toList();
    }

    private Optional<Checkpoints> checkpoints() {
        return Optional.of(new Checkpoints(Folder.local(saved), "run", 2));
    }

    private Outcome train(Collective workers, Optional<Checkpoints> checkpoints) throws Exception {
        try (Workspace workspace = Workspace.open(1);
                TrainedModel model = TrainedModels.full(workspace, base)) {
            TrainingResult result = new TrainingLoop(
                            model,
                            TinyTexts.all(24, 12, List.of()),
                            settings.config(),
                            workers,
                            ProgressListener.silent())
                    .run(Prompts.none(), checkpoints);
            float[] weights = model.parameters().flatWeights().toFloatArray();
            return new Outcome(new Curve(result.metrics()), result, weights);
        }
    }
}
