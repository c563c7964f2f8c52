package dev.temper.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.adapter.LoraConfig;
import dev.temper.adapter.MergedModel;
import dev.temper.collective.Collective;
import dev.temper.generate.GenerationConfig;
import dev.temper.generate.Generator;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.model.Families;
import dev.temper.model.Families.Use;
import dev.temper.model.ModelTask;
import dev.temper.model.Network;
import dev.temper.model.StoredModel;
import dev.temper.model.Task;
import dev.temper.model.TinyModel;
import dev.temper.model.TinyTypes;
import dev.temper.model.TokenStream;
import dev.temper.quant.Quantization;
import dev.temper.storage.Folder;
import dev.temper.text.DataConfig.Packing;
import dev.temper.text.TokenRow;
import dev.temper.train.objective.CausalRows;
import dev.temper.train.objective.HeadRows;
import dev.temper.train.objective.Objectives;
import dev.temper.train.objective.TrainingRows;
import dev.temper.train.rows.MappedRows;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What {@code temper models} says that can be done with a model is done with a tiny one of its type. */
final class FamilyUsesTest {
    private static final List<Use> OF_ADAPTERS = List.of(Use.LORA, Use.QLORA, Use.BF16, Use.MERGE);

    private static final Map<Task, Use> MAIN = Map.of(
            Task.CAUSAL_LM, Use.GENERATE,
            Task.SEQUENCE_CLASSIFICATION, Use.CLASSIFY,
            Task.REGRESSION, Use.REGRESSION,
            Task.MULTI_LABEL_CLASSIFICATION, Use.MULTI_LABEL);

    @TempDir
    private Path folder;

    private static Stream<Families.Known> types() {
        return TinyTypes.all();
    }

    @ParameterizedTest
    @MethodSource("types")
    void whatIsSaidIsPossible(Families.Known known) throws Exception {
        TinyTypes.weights(folder, known).write(folder.resolve("model.safetensors"));
        for (Map.Entry<Task, Use> one : MAIN.entrySet()) {
            assertThat(known.uses().contains(one.getValue()))
                    .isEqualTo(known.tasks().contains(one.getKey()));
            if (known.tasks().contains(one.getKey())) {
                assertThat(known.uses()).contains(Use.FULL).containsAll(OF_ADAPTERS);
                ModelTask task = ModelTask.of(one.getKey(), TinyTexts.LABELS);
                train(task);
                compute(task);
            }
        }
        boolean writes = known.tasks().contains(Task.CAUSAL_LM);
        assertThat(known.uses().contains(Use.GENERATE)).isEqualTo(writes);
        assertThat(known.uses().contains(Use.PACKING)).isEqualTo(writes);
    }

    private void train(ModelTask task) throws Exception {
        TrainingRows rows = task.isCausal() ? CausalRows.packed(tokens(), List.of(), Packing.BFD, 32) : rows(task);
        StoredModel base = StoredModel.read(folder, task, 1);
        try (Workspace workspace = Workspace.open(1);
                TrainedModel model = TrainedModels.full(workspace, base)) {
            assertTrains(model, rows);
        }
        LoraConfig lora = LoraConfig.of(2, 4, 0, List.of(LoraConfig.ALL_LINEAR));
        Quantization nf4 = new Quantization(Quantization.Type.NF4, true, List.of());
        for (StoredModel one : List.of(
                base.quantized(Optional.of(nf4)), base.in(FloatType.BFLOAT16), base)) { // the last one is merged
            try (Workspace workspace = Workspace.open(1);
                    TrainedModel model = TrainedModels.withAdapter(workspace, one, lora, 3)) {
                assertTrains(model, rows);
                model.save(Folder.local(folder), Folder.local(folder));
            }
        }
    }

    /** The words of a row's class are the bits of a number, too, and say one of two labels. */
    private TrainingRows rows(ModelTask task) throws Exception {
        if (task.kind() == Task.SEQUENCE_CLASSIFICATION) {
            return TinyTexts.all(8, 2, List.of());
        }
        MappedRows train = mapped(TinyTexts.all(8, 2, List.of()).train());
        MappedRows eval = mapped(TinyTexts.all(8, 2, List.of()).eval());
        List<String> labels = task.kind().fewestLabels() == 0 ? List.of() : task.labels();
        return Objectives.of(task.kind(), labels).rows(train, eval, null, new Settings().config());
    }

    private MappedRows mapped(List<HeadRows.Row> rows) throws Exception {
        try (MappedRows.Writer writer = new MappedRows.Writer(folder.resolve("local"), 0)) {
            rows.forEach(row -> writer.add(new TokenRow(row.ids(), new boolean[row.ids().length]), row.label()));
            return writer.finish();
        }
    }

    private static void assertTrains(TrainedModel model, TrainingRows rows) throws Exception {
        Settings settings = new Settings();
        settings.steps = 2;
        settings.learningRate = 1e-2;
        float[] before = model.parameters().flatWeights().toFloatArray();
        double[] losses =
                Curve.of(model, rows, settings.config(), Collective.alone()).values("train/loss");
        assertThat(losses).hasSize(2);
        for (double loss : losses) {
            assertThat(loss).isFinite().isPositive();
        }
        assertThat(model.parameters().flatWeights().toFloatArray()).isNotEqualTo(before);
    }

    /** With the adapter in its base, which is another model then. */
    private void compute(ModelTask task) throws Exception {
        Path merged = Files.createDirectories(folder.resolve("merged-" + task.kind()));
        StoredModel base = StoredModel.read(folder, task, 1);
        try (Workspace workspace = Workspace.open(1);
                MergedModel model = MergedModel.open(workspace, base, Folder.local(folder.resolve("adapter")))) {
            model.save(Folder.local(merged), Folder.local(folder), Long.MAX_VALUE);
        }
        try (Workspace workspace = Workspace.open(1);
                Network network = Network.open(workspace, merged)) {
            if (task.isCausal()) {
                assertThat(new Generator(network)
                                .generate(List.of(new int[] {3, 4}), GenerationConfig.greedy(3), Set.of(), 1)
                                .get(0))
                        .hasSize(3);
            } else {
                float[][] logits = network.classify(TokenStream.of(List.of(new int[] {3, 4}, new int[] {5})));
                assertThat(logits).hasDimensions(2, task.numLabels());
            }
        }
    }

    private static List<TokenRow> tokens() {
        return TinyModel.rows(24).stream()
                .map(row -> new TokenRow(row.ids(), row.trained()))
                .toList();
    }
}
