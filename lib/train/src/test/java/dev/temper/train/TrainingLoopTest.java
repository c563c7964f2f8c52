package dev.temper.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.temper.adapter.LoraConfig;
import dev.temper.check.FailedRunException;
import dev.temper.collective.Collective;
import dev.temper.collective.Workers;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.model.ModelTask;
import dev.temper.model.Network;
import dev.temper.model.SplitMix;
import dev.temper.model.StoredModel;
import dev.temper.model.TinyModel;
import dev.temper.model.TokenStream;
import dev.temper.storage.Folder;
import dev.temper.text.TokenRow;
import dev.temper.train.objective.CausalRows;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The curve and the weights do not depend on how many workers there are, nor on how the rows are cut. */
final class TrainingLoopTest {
    private static final double FULL = -1; // in place of a dropout: no adapter
    private static final double TOP = -2; // an adapter of the second layer only

    @TempDir
    Path folder;

    private FloatType precision = FloatType.FLOAT32; // with an adapter

    /** What a worker has at the end. */
    private record Outcome(double[] losses, double[] norms, double[] evaluated, float[] weights) {}

    @ParameterizedTest
    @CsvSource({"LLAMA, 2, 0", "LLAMA, 3, 0.2", "GPT_NEO, 3, -1", "LLAMA_TIED_WITH_BIASES, 2, -1", "GPT_NEO, 2, 0.2"})
    void workersDoNotChangeTheRun(TinyModel model, int count, double dropout) throws Exception {
        model.write(folder);
        Settings settings = new Settings();
        settings.evalSteps = 3;

        Outcome alone = train(settings, dropout, Collective.alone());
        List<Outcome> together = Workers.all(count, ring -> train(settings, dropout, ring));
        List<Outcome> again = Workers.all(count, ring -> train(settings, dropout, ring));

        for (int rank = 0; rank < count; rank++) {
            assertSame(together.get(rank), alone, 1e-5);
            assertThat(together.get(rank)).usingRecursiveComparison().isEqualTo(together.get(0));
            assertThat(again.get(rank)).usingRecursiveComparison().isEqualTo(together.get(0));
        }
        assertThat(alone.losses()[5]).isNotEqualTo(alone.losses()[0]);
    }

    /** Noise and smoothed labels too; with both the run is another one. */
    @ParameterizedTest
    @ValueSource(doubles = {FULL, 0.2})
    void regularizationIsThatOfTheRows(double dropout) throws Exception {
        TinyModel.GEMMA3.write(folder);
        Settings plain = new Settings();
        Settings settings = new Settings();
        settings.evalSteps = 3;
        settings.labelSmoothing = 0.1;
        settings.noiseAlpha = OptionalDouble.of(5);
        Outcome alone = train(settings, dropout, Collective.alone());
        settings.microBatchTokens = 1;
        settings.checkpointing = true;

        List<Outcome> together = Workers.all(3, ring -> train(settings, dropout, ring));

        together.forEach(outcome -> assertSame(outcome, alone, 1e-5));
        assertThat(train(plain, dropout, Collective.alone()).losses()[0]).isNotCloseTo(alone.losses()[0], within(1e-2));
    }

    /**
     * The loss is smoothed in training and in evaluation, as by transformers' Trainer; a perplexity stays what it is.
     */
    @Test
    void smoothedLossIsThatOfTransformers() throws Exception {
        TinyModel.LLAMA.write(folder);
        List<TokenRow> rows = rows();
        Settings settings = new Settings();
        settings.steps = 1;
        settings.batchSize = 24;
        settings.learningRate = 1e-30;
        settings.labelSmoothing = 0.3;
        List<double[]> losses = new ArrayList<>();
        List<Integer> targets = new ArrayList<>();
        try (Workspace workspace = Workspace.open(1);
                Network network = Network.open(workspace, folder);
                TrainedModel model = TrainedModels.full(workspace, folder)) {
            for (TokenRow row : rows) {
                for (int i : learned(row)) {
                    losses.add(losses(network, row, i - 1));
                    targets.add(row.inputIds()[i]);
                }
            }
            double plain = IntStream.range(0, losses.size())
                    .mapToDouble(i -> losses.get(i)[targets.get(i)])
                    .average()
                    .orElseThrow();
            double flat =
                    losses.stream().flatMapToDouble(Arrays::stream).average().orElseThrow();

            Curve curve = Curve.of(model, CausalRows.unpacked(rows, rows), settings.config(), Collective.alone());

            double smoothed = 0.7 * plain + 0.3 * flat;
            assertThat(curve.values("train/loss")).containsExactly(new double[] {smoothed}, within(1e-5));
            assertThat(curve.values("eval/loss")[0]).isCloseTo(smoothed, within(1e-5));
            assertThat(curve.values("eval/perplexity")[0]).isCloseTo(Math.exp(plain), within(1e-3));
        }
    }

    private static int[] learned(TokenRow row) {
        return IntStream.range(1, row.length()).filter(i -> row.trained()[i]).toArray();
    }

    /** Of every token that might follow. */
    private static double[] losses(Network network, TokenRow row, int position) {
        float[] logits =
                Workspace.scoped(() -> network.logits(TokenStream.of(List.of(row.inputIds())), new int[] {position})
                        .toFloatArray());
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit);
        }
        double total = Math.log(sum);
        return IntStream.range(0, logits.length)
                .mapToDouble(i -> total - logits[i])
                .toArray();
    }

    @ParameterizedTest
    @EnumSource
    void microBatchesDoNotChangeTheRun(TinyModel model) throws Exception {
        model.write(folder);
        Settings whole = new Settings();
        Settings single = new Settings();
        single.microBatchTokens = 1;

        assertSame(train(single, 0.2, Collective.alone()), train(whole, 0.2, Collective.alone()), 1e-5);
    }

    @ParameterizedTest
    @CsvSource({"LLAMA, -1", "LLAMA, 0.2", "GPT_NEO, -1", "GPT_NEO, 0.2"})
    void checkpointingDoesNotChangeTheRun(TinyModel model, double dropout) throws Exception {
        model.write(folder);
        Settings recording = new Settings();
        Settings checkpointing = new Settings();
        checkpointing.checkpointing = true;

        assertSame(
                train(checkpointing, dropout, Collective.alone()), train(recording, dropout, Collective.alone()), 1e-6);
    }

    @ParameterizedTest
    @CsvSource({"LLAMA, -1", "LLAMA, 0.2", "GPT_NEO, -1", "PHI3, 0.2", "LLAMA, -2"})
    void offloadingDoesNotChangeABit(TinyModel model, double dropout) throws Exception {
        model.write(folder);
        Settings kept = new Settings();
        kept.checkpointing = true;
        kept.microBatchTokens = 12; // passes of different lengths
        Settings offloaded = new Settings();
        offloaded.checkpointing = true;
        offloaded.microBatchTokens = 12;
        offloaded.offloading = true;

        assertThat(train(offloaded, dropout, Collective.alone()))
                .usingRecursiveComparison()
                .isEqualTo(train(kept, dropout, Collective.alone()));
    }

    @Test
    void offloadingDoesNotChangeABitOfBfloat16() throws Exception {
        precision = FloatType.BFLOAT16;
        offloadingDoesNotChangeABit(TinyModel.LLAMA, 0.2);
    }

    @ParameterizedTest
    @ValueSource(doubles = {FULL, 0})
    void packedRowsTrainAsTheyDoAlone(double dropout) throws Exception {
        TinyModel.LLAMA.write(folder);
        List<TokenRow> rows = rows();
        TokenRow silent =
                new TokenRow(rows.get(0).inputIds(), new boolean[rows.get(0).length()]);
        List<List<TokenRow>> pairs = new ArrayList<>();
        for (int i = 0; i < rows.size(); i += 2) {
            pairs.add(List.of(rows.get(i), silent, rows.get(i + 1)));
        }
        Settings four = new Settings();
        Settings two = new Settings();
        two.batchSize = 2;
        List<TokenRow> eval = rows.subList(0, 7);

        assertSame(
                train(two, dropout, Collective.alone(), new CausalRows(pairs, eval)),
                train(four, dropout, Collective.alone(), CausalRows.unpacked(rows, eval)),
                1e-5);
    }

    @Test
    void masksDifferFromRowToRowOfASequence() throws Exception {
        TinyModel.LLAMA.write(folder);
        TokenRow row = rows().get(0);
        Settings settings = new Settings();
        settings.steps = 1;
        settings.batchSize = 1;
        double[] once = train(settings, 0.4, Collective.alone(), new CausalRows(List.of(List.of(row)), List.of()))
                .norms();
        double[] twice = train(settings, 0.4, Collective.alone(), new CausalRows(List.of(List.of(row, row)), List.of()))
                .norms();

        assertThat(twice[0]).isNotCloseTo(once[0], within(1e-9)); // the same masks would give the same mean gradient
    }

    @Test
    void masksDifferFromUpdateToUpdate() throws Exception {
        TinyModel.LLAMA.write(folder);
        Settings settings = new Settings();
        settings.batchSize = 24; // every update sees all rows
        settings.learningRate = 1e-30; // and the same weights

        double[] dropped = train(settings, 0.2, Collective.alone()).norms(); // B is zero: masks show in its gradient
        double[] whole = train(settings, 0, Collective.alone()).norms();

        assertThat(dropped).doesNotHaveDuplicates();
        assertThat(whole).containsOnly(whole[0]);
    }

    @Test
    void learns() throws Exception {
        TinyModel.LLAMA.write(folder);
        Settings settings = new Settings();
        settings.steps = 60;
        settings.learningRate = 1e-2;

        double[] evaluated = train(settings, 0, Collective.alone()).evaluated();

        assertThat(evaluated).hasSize(2);
        assertThat(evaluated[1]).isLessThan(0.8 * evaluated[0]);
    }

    @Test
    void givesUpWhenTrainingDiverges() throws Exception {
        TinyModel.LLAMA.write(folder);
        Settings settings = new Settings();
        settings.steps = 20;
        settings.learningRate = 1e38;

        assertThatThrownBy(() -> train(settings, FULL, Collective.alone()))
                .isInstanceOf(FailedRunException.class)
                .hasMessageContainingAll("in 10 updates in a row", "diverged", "training.learning_rate");
    }

    private static List<TokenRow> rows() {
        return TinyModel.rows(24).stream()
                .map(row -> new TokenRow(row.ids(), row.trained()))
                .toList();
    }

    private Outcome train(Settings settings, double dropout, Collective workers) throws Exception {
        List<TokenRow> rows = rows();
        return train(settings, dropout, workers, CausalRows.unpacked(rows, rows.subList(0, 7)));
    }

    private Outcome train(Settings settings, double dropout, Collective workers, CausalRows rows) throws Exception {
        try (Workspace workspace = Workspace.open(1);
                TrainedModel model = model(workspace, dropout)) {
            Curve curve = Curve.of(model, rows, settings.config(), workers);
            return new Outcome(
                    curve.values("train/loss"),
                    curve.values("train/grad_norm"),
                    curve.values("eval/loss"),
                    model.parameters().flatWeights().toFloatArray());
        }
    }

    private TrainedModel model(Workspace workspace, double dropout) throws Exception {
        if (dropout == FULL) {
            return TrainedModels.full(workspace, folder);
        }
        List<String> targets = List.of(LoraConfig.ALL_LINEAR);
        LoraConfig all = LoraConfig.of(3, 6, Math.max(0, dropout), targets);
        LoraConfig config = dropout == TOP ? second(all) : all;
        StoredModel base = StoredModel.read(folder, ModelTask.of(Folder.local(folder)), 0);
        return TrainedModels.withAdapter(workspace, base.in(precision), config, SplitMix.mix(4));
    }

    private static LoraConfig second(LoraConfig all) {
        return new LoraConfig(
                all.type(),
                all.r(),
                all.loraAlpha(),
                all.loraDropout(),
                all.targetModules(),
                all.excludeModules(),
                List.of(1),
                all.rankPattern(),
                all.alphaPattern(),
                all.useRslora(),
                all.useDora(),
                all.modulesToSave(),
                all.initLoraWeights(),
                all.trainableTokenIndices(),
                all.initFrom());
    }

    private static void assertSame(Outcome actual, Outcome expected, double tolerance) {
        assertRelative(actual.losses(), expected.losses(), tolerance);
        assertRelative(actual.norms(), expected.norms(), 10 * tolerance);
        assertRelative(actual.evaluated(), expected.evaluated(), tolerance);
        assertThat(actual.weights()).containsExactly(expected.weights(), within((float) tolerance));
    }

    private static void assertRelative(double[] actual, double[] expected, double tolerance) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < actual.length; i++) {
            assertThat(actual[i]).isCloseTo(expected[i], within(tolerance * expected[i]));
        }
    }
}
