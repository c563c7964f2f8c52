package dev.temper.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import dev.temper.check.InvalidInputException;
import dev.temper.kernel.Workspace;
import dev.temper.model.Network;
import dev.temper.model.Parameter;
import dev.temper.model.Placement;
import dev.temper.model.TinyModel;
import dev.temper.recipe.PretrainedModel;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeFile;
import dev.temper.run.RecipeModel;
import dev.temper.storage.LocalStore;
import dev.temper.train.TrainedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The plan's bytes against the arrays that a worker makes. */
final class MemoryPlanTest {
    private static final List<String> CODES_AND_SCALES =
            List.of("codes", "absmax", "absmax_codes", "nested_absmax", "offset");

    @TempDir
    private Path folder;

    @Test
    void weightsAreThoseOfAWorker() throws Exception {
        TinyModel.PHI3.write(folder.resolve("base"));
        for (String quantization : List.of(
                "{double_quant: true}",
                "{double_quant: false}",
                "{skip_modules: [down_proj, model.layers.1, lm_head]}")) {
            // o_proj is trained whole, so it is not quantized
            Recipe recipe = recipe("quantization: " + quantization, "adapter: {r: 2, modules_to_save: [o_proj]}");
            MemoryPlan plan = plan(new LocalStore(), recipe);
            try (Workspace workspace = Workspace.open(1);
                    TrainedModel model = new RecipeModel(
                                    new LocalStore(), recipe, folder.resolve("base"), warning -> {})
                            .open(workspace)) {
                long quantized = 0;
                long dense = 4 * model.parameters().count();
                Network network = model.network();
                for (Parameter parameter : network.architecture().parameters()) {
                    quantized += quantized(network, parameter);
                    boolean isDense = network.dictionary(parameter.layer()).get(parameter.key()) != null;
                    boolean isTrained = plan.placement().of(parameter).place() == Placement.Place.TRAINED;
                    dense += isDense && !isTrained ? 4 * parameter.shape().size() : 0;
                }
                assertThat(plan.quantizedBytes()).isEqualTo(quantized);
                assertThat(plan.denseBytes()).isEqualTo(dense);
                assertThat(plan.weightBytes()).isEqualTo(quantized + dense);
                assertThat(plan.gradientBytes())
                        .isEqualTo(4 * model.parameters().count());
            }
        }
    }

    @Test
    void aSkippedModuleThatIsNotThereIsRefused() throws Exception {
        TinyModel.PHI3.write(folder.resolve("base"));
        Recipe recipe = recipe("quantization: {skip_modules: [lm_head, q_proj]}", "adapter: {r: 2}");

        assertThatThrownBy(() -> plan(new LocalStore(), recipe))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage(
                        "model.quantization.skip_modules: q_proj is no module of a phi3 model; it has modules such as"
                                + " model.layers.0.self_attn.qkv_proj");
    }

    /** Bytes of its codes and scales. */
    private static long quantized(Network network, Parameter parameter) {
        Map<String, NDArray> layer = network.dictionary(parameter.layer()).arrays();
        return CODES_AND_SCALES.stream()
                .map(part -> layer.get(parameter.key() + "." + part))
                .filter(Objects::nonNull)
                .mapToLong(array -> array.size() * array.getDataType().getNumOfBytes())
                .sum();
    }

    @Test
    void checkpointingNeedsTheDenseMatricesOfOneLayer() throws Exception {
        TinyModel.PHI3.write(folder.resolve("base"));
        String adapter = "adapter: {r: 2}\ntraining: {gradient_checkpointing: ";
        MemoryPlan once = plan(new LocalStore(), recipe("quantization: {}", adapter + "true}"));
        MemoryPlan all = plan(new LocalStore(), recipe("quantization: {}", adapter + "false}"));

        assertThat(once.dequantizedBytes()).isPositive();
        assertThat(all.dequantizedBytes()).isEqualTo(2 * once.dequantizedBytes());
        assertThat(text(all)).contains("without gradient_checkpointing");
    }

    @Test
    void withoutQuantizationNothingIsSaidOfIt() throws Exception {
        TinyModel.PHI3.write(folder.resolve("base"));

        MemoryPlan plan = plan(new LocalStore(), recipe("task: causal_lm", ""));

        assertThat(TransformersFootprint.of(plan.placement())).isEmpty();
        assertThat(plan.weightBytes()).isEqualTo(4 * plan.parameters());
        assertThat(plan.optimizerBytes()).isEqualTo(8 * plan.parameters());
        assertThat(text(plan)).contains("(100.00 %)").doesNotContain("codes", "get_memory_footprint", "adapter");
    }

    /** A run of the quickstart's base was planned 1.21 times what it held. */
    @Test
    void whatASmallBaseNeedsToBecomeCodesFollowsItsWeights() throws Exception {
        TinyModel.PHI3.write(folder.resolve("base"));
        String adapter = "adapter: {r: 2}\ntraining: {gradient_checkpointing: true}";
        MemoryPlan codes = plan(new LocalStore(), recipe("quantization: {}", adapter));
        MemoryPlan dense = plan(new LocalStore(), recipe("task: causal_lm", adapter));

        assertThat(codes.quantizedWeights()).isBetween(1L, 1L << 20);
        assertThat(codes.quantizingBytes()).isEqualTo(4 * codes.quantizedWeights());
        assertThat(dense.quantizingBytes()).isZero();
        assertThat(codes.peak() - dense.peak()).isEqualTo(codes.quantizingBytes() + codes.dequantizedBytes());
    }

    private static String text(MemoryPlan plan) {
        return new PlanTable(plan, new GivenMemory(1L << 40, "a TiB"), Optional.empty()).text();
    }

    private Recipe recipe(String model, String more) throws IOException {
        Path file = Files.writeString(
                folder.resolve("recipe.yaml"),
                """
                model:
                  base: %s
                  precision: fp32
                  %s
                data: {train: rows.jsonl}
                output: output
                %s
                """
                        .formatted(folder.resolve("base"), model, more));
        return RecipeFile.read(new LocalStore(), file.toString(), List.of());
    }

    private static MemoryPlan plan(LocalStore store, Recipe recipe) throws IOException {
        return MemoryPlan.of(PretrainedModel.read(store, recipe), recipe);
    }
}
