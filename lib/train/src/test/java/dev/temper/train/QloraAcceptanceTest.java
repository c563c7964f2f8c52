package dev.temper.train;

import static dev.temper.model.GoldenModels.ints;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.adapter.LoraConfig;
import dev.temper.check.InvalidInputException;
import dev.temper.collective.Collective;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.model.GoldenModels;
import dev.temper.model.ModelTask;
import dev.temper.model.Parameter;
import dev.temper.model.StoredModel;
import dev.temper.quant.Quantization;
import dev.temper.storage.Folder;
import dev.temper.text.TokenRow;
import dev.temper.train.objective.CausalRows;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ten updates of an adapter on a base that is quantized twice, against PEFT on bitsandbytes' values. */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class QloraAcceptanceTest {
    private static final GoldenModels GOLDEN = GoldenModels.open();

    /** Recording keeps every dense matrix; with checkpointing all layers share the memory of one. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void trainsAsPeftDoes(boolean checkpointing) throws Exception {
        JsonNode golden = GOLDEN.json("quant/qlora/steps.json").path("steps");
        JsonNode settings = GOLDEN.json("lora/llama/plain/steps.json").path("settings");
        List<TokenRow> rows = new ArrayList<>();
        GOLDEN.json("models/llama/steps.json")
                .path("batches")
                .forEach(batch -> batch.forEach(
                        row -> rows.add(TokenRow.of(ints(row.path("input_ids")), ints(row.path("labels"))))));
        Settings own = new Settings();
        own.steps = settings.path("steps").asInt();
        own.warmupSteps = settings.path("warmup_steps").asInt();
        own.learningRate = settings.path("lr").asDouble();
        own.checkpointing = checkpointing;
        StoredModel base = StoredModel.read(GOLDEN.root().resolve("models/llama"), ModelTask.causalLm(), 0)
                .quantized(Optional.of(Quantization.nf4()));
        try (Workspace workspace = Workspace.open(1);
                TrainedModel model = TrainedModel.withAdapter(
                        workspace,
                        base,
                        Folder.local(GOLDEN.root().resolve("lora/llama/plain/adapter_init")),
                        FloatType.FLOAT32)) {
            long dense = base.architecture().parameters().stream()
                    .filter(Parameter::isProjection)
                    .filter(projection ->
                            model.network().dictionary(projection.layer()).get(projection.key()) != null)
                    .count();
            assertThat(dense).isZero();

            Curve curve = Curve.of(model, CausalRows.unpacked(rows, List.of()), own.config(), Collective.alone());

            double[] losses = curve.values("train/loss");
            double[] norms = curve.values("train/grad_norm");
            assertThat(losses).hasSize(golden.size());
            for (int i = 0; i < losses.length; i++) {
                double loss = golden.path(i).path("loss").asDouble();
                double norm = golden.path(i).path("grad_norm").asDouble();
                assertThat(losses[i]).as("loss %d", i).isCloseTo(loss, within(1e-4 * loss));
                assertThat(norms[i]).as("gradient norm %d", i).isCloseTo(norm, within(1e-4 * norm));
            }
        }
    }

    /** What transformers saved in 4 bits keeps its codes. */
    @ParameterizedTest
    @ValueSource(strings = {"linear4bit", "linear4bit_double"})
    void quantizedFolderIsTrainedWithAnAdapterOnly(String folder) throws Exception {
        Path base = GOLDEN.root().resolve("quant").resolve(folder);
        try (Workspace workspace = Workspace.open(1);
                TrainedModel model =
                        TrainedModels.withAdapter(workspace, base, LoraConfig.of(2, 4, 0, List.of("q_proj")), 1)) {
            Settings settings = new Settings();
            settings.checkpointing = true;
            settings.batchSize = 2;
            List<TokenRow> rows = List.of(
                    TokenRow.of(new int[] {1, 5, 9, 2}, new int[] {-100, 5, 9, 2}),
                    TokenRow.of(new int[] {1, 7, 2}, new int[] {-100, 7, 2}));

            Curve curve = Curve.of(model, CausalRows.unpacked(rows, List.of()), settings.config(), Collective.alone());

            double[] losses = curve.values("train/loss");
            assertThat(losses[losses.length - 1]).isLessThan(losses[0]);
            assertThatThrownBy(() -> TrainedModels.full(workspace, base))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageStartingWith("the tensor model.layers.0.self_attn.q_proj.weight was saved in 4 bits");
        }
    }
}
