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
import dev.temper.train.objective.TrainingRows;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What {@code temper models} says that can be done with a model is done with a tiny one of its type. */
final class FamilyUsesTest {
    private static final List<Use> OF_ADAPTERS = List.of(Use.LORA, Use.QLORA, Use.BF16, Use.MERGE);

    @TempDir
    private Path folder;

    private static Stream<Families.Known> types() {
        return TinyTypes.all();
    }

    @ParameterizedTest
    @MethodSource("types")
    void whatIsSaidIsPossible(Families.Known known) throws Exception {
        TinyTypes.weights(folder, known).write(folder.resolve("model.safetensors"));
        for (ModelTask task : List.of(ModelTask.causalLm(), ModelTask.classification(TinyTexts.LABELS))) {
            if (known.tasks().contains(task.kind())) {
                assertThat(known.uses()).contains(Use.FULL).containsAll(OF_ADAPTERS);
                assertThat(known.uses()).contains(task.isCausal() ? Use.GENERATE : Use.CLASSIFY);
                train(task);
                compute(task);
            }
        }
        boolean writes = known.tasks().contains(Task.CAUSAL_LM);
        assertThat(known.uses().contains(Use.GENERATE)).isEqualTo(writes);
        assertThat(known.uses().contains(Use.PACKING)).isEqualTo(writes);
        assertThat(known.uses().contains(Use.CLASSIFY)).isEqualTo(known.tasks().contains(Task.SEQUENCE_CLASSIFICATION));
    }

    private void train(ModelTask task) throws Exception {
        TrainingRows rows = task.isCausal()
                ? CausalRows.packed(tokens(), List.of(), Packing.BFD, 32)
                : TinyTexts.all(8, 2, List.of());
        StoredModel base = StoredModel.read(folder, task, 1);
        try (Workspace workspace = Workspace.open(1);
                TrainedModel model = TrainedModel.full(workspace, base)) {
            assertTrains(model, rows);
        }
        LoraConfig lora = LoraConfig.of(2, 4, 0, List.of(LoraConfig.ALL_LINEAR));
        Quantization nf4 = new Quantization(Quantization.Type.NF4, true, List.of());
        for (StoredModel one : List.of(
                base.quantized(Optional.of(nf4)), base.in(FloatType.BFLOAT16), base)) { // the last one is merged
            try (Workspace workspace = Workspace.open(1);
                    TrainedModel model = TrainedModel.withAdapter(workspace, one, lora, 3)) {
                assertTrains(model, rows);
                model.save(Folder.local(folder), Folder.local(folder));
            }
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
        Path merged = Files.createDirectories(folder.resolve("merged-" + task.isCausal()));
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
                assertThat(logits).hasDimensions(2, 2);
            }
        }
    }

    private static List<TokenRow> tokens() {
        return TinyModel.rows(24).stream()
                .map(row -> new TokenRow(row.ids(), row.trained()))
                .toList();
    }
}
