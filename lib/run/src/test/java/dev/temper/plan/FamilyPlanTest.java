package dev.temper.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.kernel.WorkspaceMemory;
import dev.temper.model.Backpropagation;
import dev.temper.model.Families;
import dev.temper.model.Network;
import dev.temper.model.Parameter;
import dev.temper.model.Task;
import dev.temper.model.TinyTypes;
import dev.temper.model.TrainedParameters;
import dev.temper.recipe.PretrainedModel;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeFile;
import dev.temper.run.RecipeModel;
import dev.temper.safetensors.SafetensorsFile;
import dev.temper.storage.LocalStore;
import dev.temper.train.TrainedModel;
import dev.temper.train.config.TrainingConfig;
import dev.temper.train.optim.Optimizer;
import dev.temper.train.optim.Optimizers;
import dev.temper.train.optim.StateMemory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The plan of every model type against the memory that a worker takes for it: weights, gradients and states, counted by
 * the addresses of its arrays.
 */
@EnabledOnOs(OS.LINUX)
final class FamilyPlanTest {
    private static final String LORA = "adapter={r: 8, lora_alpha: 16, target_modules: all-linear}";
    private static final String CHECKPOINTS = "training.gradient_checkpointing=true";
    private static final double PERCENT = 10;
    private static final List<TrainedParameters.Spec> ALMOST_NOTHING =
            List.of(new TrainedParameters.Spec("one", new Shape(1), 0, true));

    @TempDir
    private Path folder;

    /** A way to train a model; in the type that its files have. */
    private enum Way {
        FULL(FloatType.FLOAT32),
        FULL_IN_BF16(FloatType.FLOAT32, "model.precision=bf16"),
        FULL_WEIGHTS_IN_BF16(FloatType.BFLOAT16, "model.precision=bf16", "model.weights=bf16"),
        FULL_8BIT(FloatType.BFLOAT16, "training.optim=adamw_8bit", CHECKPOINTS),
        LORA(FloatType.FLOAT32, FamilyPlanTest.LORA, "training.optim=lion"),
        LORA_OF_16_BITS(FloatType.BFLOAT16, FamilyPlanTest.LORA),
        LORA_OF_16_BITS_TWICE(FloatType.BFLOAT16, FamilyPlanTest.LORA, CHECKPOINTS, "training.optim=adafactor"),
        LORA_IN_BF16(FloatType.FLOAT32, FamilyPlanTest.LORA, "model.precision=bf16", "training.optim=sgd"),
        QLORA(FloatType.FLOAT32, FamilyPlanTest.LORA, CHECKPOINTS, "model.quantization={}"),
        QLORA_IN_BF16(
                FloatType.BFLOAT16,
                FamilyPlanTest.LORA,
                CHECKPOINTS,
                "model.quantization={double_quant: false}",
                "model.precision=bf16");

        private final FloatType stored;

        @SuppressWarnings("ImmutableEnumChecker") // List.of cannot be changed
        private final List<String> keys;

        Way(FloatType stored, String... keys) {
            this.stored = stored;
            this.keys = List.of(keys);
        }
    }

    private static Stream<Arguments> all() {
        return TinyTypes.all()
                .flatMap(type -> Stream.of(Way.values()).map(way -> Arguments.of(type.modelType(), way, type)));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("all")
    void isWhatAWorkerTakes(String name, Way way, Families.Known type) throws Exception {
        SafetensorsFile weights = TinyTypes.wide(folder.resolve("base"), type);
        (way.stored == FloatType.BFLOAT16 ? weights.inBfloat16() : weights)
                .aligned()
                .write(folder.resolve("base/model.safetensors"));
        Path config = folder.resolve("base/config.json");
        Files.writeString(
                config,
                Files.readString(config).replaceFirst("\\{", "{\"torch_dtype\": \"" + torch(way.stored) + "\", "));
        Recipe recipe = recipe(way, type.tasks().contains(Task.CAUSAL_LM));
        MemoryPlan plan = MemoryPlan.of(PretrainedModel.read(new LocalStore(), recipe), recipe);
        RecipeModel base = new RecipeModel(new LocalStore(), recipe, folder.resolve("base"), warning -> {});

        try (Workspace workspace = Workspace.open(1);
                TrainedModel model = base.open(workspace)) {
            assertThat(WorkspaceMemory.of(arrays(model.network())).mapped())
                    .as("mapped weights") // but for two numbers of each matrix in codes
                    .isCloseTo(plan.mappedWeightBytes(), withinPercentage(1));
            long opened = WorkspaceMemory.of(workspace).held();
            assertThat(opened)
                    .as("held weights and gradients")
                    .isCloseTo(
                            plan.weightBytes() - plan.mappedWeightBytes() + plan.gradientBytes(),
                            withinPercentage(PERCENT));
            optimizer(recipe.training(), new TrainedParameters(workspace, ALMOST_NOTHING));
            long before = WorkspaceMemory.of(workspace).held();
            long tables = before - opened; // of adamw_8bit, whatever is trained
            train(recipe.training(), model);
            assertThat(WorkspaceMemory.of(workspace).held() - before - tables)
                    .as("states, copies and dense matrices")
                    .isCloseTo(
                            plan.optimizerBytes() + plan.copyBytes() + plan.dequantizedBytes(),
                            withinPercentage(PERCENT));
        }
    }

    private Optimizer optimizer(TrainingConfig config, TrainedParameters parameters) {
        return Optimizers.of(StateMemory.of(parameters.workspace(), config, folder), parameters, config);
    }

    /** All that an update makes and does not free. */
    private void train(TrainingConfig config, TrainedModel model) {
        Network network = model.network();
        Optimizer optimizer = optimizer(config, model.parameters());
        Backpropagation backpropagation = config.gradientCheckpointing()
                ? Backpropagation.checkpointing(network)
                : Backpropagation.recording(network);
        assertThat(backpropagation).isNotNull();
        optimizer.step(1, 1e-3, 1);
        model.parameters().weightsChanged();
    }

    private static List<NDArray> arrays(Network network) {
        List<NDArray> arrays = new ArrayList<>();
        for (int layer = Parameter.SHARED;
                layer < network.architecture().sizes().layers();
                layer++) {
            arrays.addAll(network.dictionary(layer).arrays().values());
        }
        return arrays;
    }

    private Recipe recipe(Way way, boolean writes) throws Exception {
        Path file = Files.writeString(
                folder.resolve("recipe.yaml"),
                """
                model: {base: %s, precision: fp32%s}
                data: {train: rows.csv%s}
                cluster: {local_dir: %s}
                output: output
                """
                        .formatted(
                                folder.resolve("base"),
                                writes ? "" : ", task: sequence_classification, labels: [bad, good]",
                                writes ? "" : ", format: classification, columns: {text: text, label: label}",
                                folder.resolve("local")));
        return RecipeFile.read(new LocalStore(), file.toString(), way.keys);
    }

    private static String torch(FloatType type) {
        return type == FloatType.BFLOAT16 ? "bfloat16" : "float32";
    }
}
