package dev.temper.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import dev.temper.adapter.LoraConfig;
import dev.temper.collective.Collective;
import dev.temper.collective.Workers;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.model.ModelTask;
import dev.temper.model.StoredModel;
import dev.temper.model.TinyClassifier;
import dev.temper.model.TinyModel;
import dev.temper.model.TokenStream;
import dev.temper.model.TrainedParameters;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorInfo;
import dev.temper.storage.Folder;
import dev.temper.text.TokenRow;
import dev.temper.train.config.Optim;
import dev.temper.train.objective.CausalRows;
import dev.temper.train.objective.ClassifiedRows;
import dev.temper.train.objective.HeadRows;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs whose trained weights are bfloat16: near those in float32, repeatable, and saved as they are. */
final class SixteenBitTrainingTest {
    private static final LoraConfig LORA = LoraConfig.of(3, 6, 0.1, List.of(LoraConfig.ALL_LINEAR));
    private static final TokenStream TEXTS = TokenStream.of(List.of(new int[] {3, 14, 15}, new int[] {9, 2}));

    @TempDir
    private Path base;

    @TempDir
    private Path saved;

    private final Settings settings = new Settings();
    private FloatType precision = FloatType.FLOAT32;
    private boolean isFull = true;
    private List<TokenRow> evaluated = rows(0, 24);

    private record Outcome(Curve curve, byte[] weights) {
        double last() {
            double[] losses = curve.values("eval/loss");
            return losses[losses.length - 1];
        }

        double first() {
            return curve.values("eval/loss")[0];
        }
    }

    @BeforeEach
    void settings() {
        settings.steps = 20;
        settings.learningRate = 1e-2;
        settings.optim = Optim.ADAMW_8BIT;
    }

    @ParameterizedTest
    @EnumSource
    void learnsWhatFloat32Learns(TinyModel model) throws Exception {
        model.write(base);
        Outcome exact = train(FloatType.FLOAT32, Collective.alone(), Optional.empty());

        for (FloatType type : List.of(FloatType.FLOAT32, FloatType.BFLOAT16)) {
            precision = type;
            Outcome near = train(FloatType.BFLOAT16, Collective.alone(), Optional.empty());

            assertThat(near.last()).as("%s", type).isCloseTo(exact.last(), within(0.03 * exact.last()));
            assertThat(near.first()).as("%s", type).isGreaterThan(1.2 * near.last()); // it does learn
        }
    }

    @ParameterizedTest
    @CsvSource({"LLAMA, FLOAT32", "LLAMA, BFLOAT16", "GPT2, BFLOAT16"})
    void anAdapterLearnsWhatFloat32Learns(TinyModel model, FloatType type) throws Exception {
        model.write(base);
        isFull = false;
        Outcome exact = train(FloatType.FLOAT32, Collective.alone(), Optional.empty());
        precision = type;

        Outcome near = train(FloatType.BFLOAT16, Collective.alone(), Optional.empty());

        assertThat(near.last()).isCloseTo(exact.last(), within(0.03 * exact.last()));
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "BERT_REGRESSION")
    void aClassifierLearnsWhatFloat32Learns(TinyClassifier model) throws Exception {
        model.write(base);
        double[] exact = train(FloatType.FLOAT32);
        precision = FloatType.BFLOAT16;

        double[] near = train(FloatType.BFLOAT16);

        assertThat(near[0]).isCloseTo(exact[0], within(0.02 * exact[0]));
        assertThat(near[11]).isCloseTo(exact[11], within(0.1 * exact[0]));
    }

    /** The losses of a classifier. */
    private double[] train(FloatType weights) throws Exception {
        settings.steps = 12;
        List<HeadRows.Row> rows = TinyTexts.rows(24);
        try (Workspace workspace = Workspace.open(1);
                TrainedModel model = TrainedModel.full(workspace, stored(), weights)) {
            ClassifiedRows data = ClassifiedRows.of(
                    rows, List.of(), model.network().architecture().task().labels(), settings.config());
            return Curve.of(model, data, settings.config(), Collective.alone()).values("train/loss");
        }
    }

    @ParameterizedTest
    @CsvSource({"ADAMW, true", "ADAMW_8BIT, false", "SGD, true", "LION, true"})
    void resumedRunIsTheUninterruptedOne(Optim rule, boolean full) throws Exception {
        TinyModel.LLAMA.write(base);
        settings.optim = rule;
        settings.steps = 10;
        settings.saveSteps = 3;
        isFull = full;
        precision = FloatType.BFLOAT16;
        Outcome whole = train(FloatType.BFLOAT16, Collective.alone(), Optional.empty());
        assertThatThrownBy(() -> train(FloatType.BFLOAT16, new StoppedCollective(7), checkpoints()))
                .hasMessage(StoppedCollective.LOST);

        Outcome resumed = train(FloatType.BFLOAT16, Collective.alone(), checkpoints());

        assertThat(resumed.weights()).isEqualTo(whole.weights());
        assertThat(resumed.curve().values("train/loss")).isEqualTo(whole.curve().values("train/loss"));
        assertBfloat16(TensorFiles.open(saved.resolve("step-00000009"), "weights"));
    }

    @Test
    void theBestModelComesBackAsItWas() throws Exception {
        TinyModel.LLAMA.write(base);
        settings.steps = 12;
        settings.saveSteps = 2;
        settings.evalSteps = 2;
        settings.learningRate = 0.05;
        evaluated = rows(24, 48); // of other random tokens: what is learned does not help
        settings.loadBestModelAtEnd = true;
        Outcome kept = train(FloatType.BFLOAT16, Collective.alone(), checkpoints());
        double[] losses = kept.curve().values("eval/loss");
        int best = IntStream.range(1, losses.length)
                .reduce((one, other) -> losses[other] < losses[one] ? other : one)
                .orElseThrow();
        assertThat(best).isLessThan(losses.length - 1);

        byte[] weights = new byte[kept.weights().length];
        try (Workspace workspace = Workspace.open(1);
                TrainedModel model = TrainedModel.full(workspace, stored(), FloatType.BFLOAT16)) {
            TensorFiles files = TensorFiles.open(saved.resolve("step-%08d".formatted(2 * best)), "weights");
            for (TrainedParameters.Spec spec : model.parameters().specs()) {
                files.read(spec.name(), Workspace.memory(model.parameters().weight(spec.name())));
            }
            memory(model).get(weights);
        }
        assertThat(kept.weights()).isEqualTo(weights);
    }

    @Test
    void workersStayTheSame() throws Exception {
        TinyModel.LLAMA.write(base);
        Outcome alone = train(FloatType.BFLOAT16, Collective.alone(), Optional.empty());

        List<Outcome> together = Workers.all(2, workers -> train(FloatType.BFLOAT16, workers, Optional.empty()));

        assertThat(together.get(1).weights()).isEqualTo(together.get(0).weights());
        assertThat(together.get(0).last()).isCloseTo(alone.last(), within(0.02 * alone.last()));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void savedModelsAndAdaptersAreTheTrainedOnes(boolean full) throws Exception {
        TinyModel.LLAMA.write(base);
        isFull = full;
        Folder output = Folder.local(saved);
        try (Workspace workspace = Workspace.open(1);
                TrainedModel model = open(workspace, FloatType.BFLOAT16)) {
            Curve.of(model, rows(), settings.config(), Collective.alone());

            String name = model.save(output, Folder.local(base));

            assertBfloat16(TensorFiles.open(saved.resolve(name), full ? "model" : "adapter_model"));
            TrainedModel again = full
                    ? TrainedModels.full(workspace, StoredModel.read(saved.resolve(name), ModelTask.causalLm(), 0))
                    : TrainedModels.withAdapter(workspace, base, output.child(name));
            NDArray logits = again.network().logits(TEXTS, new int[] {2, 4});
            NDArray trained = model.network().logits(TEXTS, new int[] {2, 4});
            assertThat(logits.toFloatArray()).containsExactly(trained.toFloatArray(), within(1e-5f));
        }
        if (full) {
            assertThat(output.child("model").readText("config.json")).contains("dtype\" : \"bfloat16\"");
        }
    }

    private static void assertBfloat16(TensorFiles files) {
        assertThat(files.index().names()).isNotEmpty().allSatisfy(name -> assertThat(
                        files.index().find(name))
                .map(TensorInfo::dtype)
                .contains("BF16"));
    }

    private Optional<Checkpoints> checkpoints() {
        return Optional.of(new Checkpoints(Folder.local(saved), "run", 2));
    }

    private StoredModel stored() throws Exception {
        return StoredModel.read(base, ModelTask.of(Folder.local(base)), 0).in(precision);
    }

    private TrainedModel open(Workspace workspace, FloatType weights) throws Exception {
        return isFull
                ? TrainedModel.full(workspace, stored(), weights)
                : TrainedModel.withAdapter(workspace, stored(), LORA, 4, weights);
    }

    private CausalRows rows() {
        return CausalRows.unpacked(rows(0, 24), evaluated);
    }

    private static List<TokenRow> rows(int from, int to) {
        return TinyModel.rows(to).subList(from, to).stream()
                .map(row -> new TokenRow(row.ids(), row.trained()))
                .toList();
    }

    private static ByteBuffer memory(TrainedModel model) {
        return Workspace.memory(Workspace.detach(model.parameters().flatWeights()));
    }

    private Outcome train(FloatType weights, Collective workers, Optional<Checkpoints> checkpoints) throws Exception {
        try (Workspace workspace = Workspace.open(1);
                TrainedModel model = open(workspace, weights)) {
            Curve curve = Curve.of(model, rows(), settings.config(), workers, checkpoints);
            byte[] bytes = new byte[memory(model).remaining()];
            memory(model).get(bytes);
            return new Outcome(curve, bytes);
        }
    }
}
