package dev.temper.train;

import static dev.temper.model.GoldenModels.difference;
import static dev.temper.model.GoldenModels.floats;
import static dev.temper.model.GoldenModels.ints;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.kernel.Workspace;
import dev.temper.model.Backpropagation;
import dev.temper.model.ClassifiedStream;
import dev.temper.model.Classifier;
import dev.temper.model.Differences;
import dev.temper.model.GoldenModels;
import dev.temper.model.TrainedParameters;
import dev.temper.safetensors.TensorFiles;
import dev.temper.storage.Folder;
import dev.temper.train.optim.AdamW;
import dev.temper.train.optim.StateMemory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Ten updates of golden's classifiers with their token types, and of a regression, against torch's AdamW. */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class ClassifierStepsAcceptanceTest {
    /** Biases of keys have no gradient; Adam makes steps of the rounding noise. */
    private static final String KEY_BIASES = ".*(c_attn|key|k_lin)\\.bias";

    @ParameterizedTest
    @MethodSource("dev.temper.model.GoldenModels#classifiers")
    void trainsAllWeightsAsTorchDoes(GoldenModels goldens, String model) throws Exception {
        JsonNode golden = goldens.json("models/" + model + "/steps.json");
        try (Workspace workspace = Workspace.open(1)) {
            TrainedModel trained = TrainedModels.full(
                    workspace, goldens.root().resolve("models").resolve(model));
            assertThat(trained.newHead()).isEmpty();

            train(Differences.of(model), trained, golden, golden.path("batches"));

            for (TrainedParameters.Spec spec : trained.parameters().specs()) {
                JsonNode expected = golden.path("final_weights").path(spec.name());
                float[] actual = trained.parameters().weight(spec.name()).toFloatArray();
                double squares = 0;
                for (float value : actual) {
                    squares += (double) value * value;
                }
                if (!spec.name().matches(KEY_BIASES)) {
                    assertThat(Math.sqrt(squares))
                            .as(spec.name())
                            .isCloseTo(expected.path("l2").asDouble(), within(1e-4));
                }
            }
            assertThat(golden.path("final_weights"))
                    .hasSameSizeAs(trained.parameters().specs());
        }
    }

    @ParameterizedTest
    @MethodSource("dev.temper.model.GoldenModels#classifierAdapters")
    void trainsAdaptersAsPeftDoes(GoldenModels goldens, String model, String variant) throws Exception {
        Path folder = goldens.root().resolve("lora").resolve(model).resolve(variant);
        JsonNode golden = goldens.json("lora/" + model + "/" + variant + "/steps.json");
        JsonNode batches = goldens.json("models/" + model + "/steps.json").path("batches");
        try (Workspace workspace = Workspace.open(1)) {
            TrainedModel trained = TrainedModels.withAdapter(
                    workspace,
                    goldens.root().resolve("models").resolve(model),
                    Folder.local(folder.resolve("adapter_init")));

            Differences found = Differences.of(model + "/" + variant);
            train(found, trained, golden, batches);

            TensorFiles last = TensorFiles.open(folder.resolve("adapter_final"), "adapter_model");
            for (String name : last.index().names()) {
                double difference = difference(trained.parameters().weight(name), floats(last, name));
                found.check("ten steps: weights", difference, 1e-4);
            }
        }
    }

    private static void train(Differences found, TrainedModel model, JsonNode golden, JsonNode batches) {
        Workspace workspace = model.network().workspace();
        Settings settings = new Settings();
        AdamW optimizer = new AdamW(StateMemory.of(workspace), model.parameters(), settings.config());
        Backpropagation backpropagation = Backpropagation.recording(model.network());
        assertThat(golden.path("steps")).hasSize(10);
        for (int i = 0; i < golden.path("steps").size(); i++) {
            JsonNode step = golden.path("steps").path(i);
            List<ClassifiedStream.Row> rows = rows(batches.path(i));
            Classifier classifier = model.network().architecture().classifier().orElseThrow();
            model.parameters().clearGradients();

            double loss =
                    backpropagation.accumulate(ClassifiedStream.of(classifier, rows), 1.0 / rows.size()) / rows.size();
            double norm = Workspace.scoped(
                    () -> workspace.losses().norm(model.parameters().gradients()));
            optimizer.step(i + 1, step.path("lr").asDouble(), norm);

            double expected = step.path("loss").asDouble();
            double expectedNorm = step.path("grad_norm").asDouble();
            found.checkRelative("ten steps: loss", loss, expected, 1e-4);
            found.checkRelative("ten steps: gradient norm", norm, expectedNorm, 1e-4);
        }
    }

    private static List<ClassifiedStream.Row> rows(JsonNode batch) {
        List<ClassifiedStream.Row> rows = new ArrayList<>();
        for (JsonNode row : batch) {
            float target = (float) row.path("labels").asDouble();
            rows.add(new ClassifiedStream.Row(
                    ints(row.path("input_ids")), ints(row.path("token_type_ids")), new float[] {target}, 1, 0));
        }
        return rows;
    }
}
