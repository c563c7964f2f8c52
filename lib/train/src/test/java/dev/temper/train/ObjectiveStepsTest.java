package dev.temper.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.kernel.Workspace;
import dev.temper.model.Architecture;
import dev.temper.model.Backpropagation;
import dev.temper.model.ClassifiedStream;
import dev.temper.model.Classifier;
import dev.temper.model.Network;
import dev.temper.model.ObjectiveGoldens;
import dev.temper.model.TokenStream;
import dev.temper.storage.Folder;
import dev.temper.train.optim.AdamW;
import dev.temper.train.optim.StateMemory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Ten updates of a regression, of several labels a text and of pairs, against transformers' losses and torch's AdamW;
 * what is saved is what transformers saves.
 */
final class ObjectiveStepsTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "bert_regression",
                "llama_regression",
                "bert_multi_label",
                "llama_multi_label",
                "bert_pairs",
                "llama_pairs"
            })
    void trainsAndSavesAsTransformersDoes(String name) throws Exception {
        Path model = ObjectiveGoldens.model(name, folder.resolve("base"));
        JsonNode golden = ObjectiveGoldens.golden(name);
        try (Workspace workspace = Workspace.open(1);
                TrainedModel trained = TrainedModels.full(workspace, model)) {
            assertThat(trained.newHead()).isEmpty();
            assertLogits(trained.network(), golden, "before");

            train(trained, golden);

            assertLogits(trained.network(), golden, "after");
            trained.save(Folder.local(folder), Folder.local(model));
        }
        ObjectMapper json = new ObjectMapper();
        assertThat(json.readTree(folder.resolve("model/config.json").toFile()))
                .as("the config that transformers wrote")
                .isEqualTo(json.readTree(model.resolve("config.json").toFile()));
        try (Workspace workspace = Workspace.open(1);
                Network saved = Network.open(workspace, folder.resolve("model"))) {
            assertThat(saved.architecture().task())
                    .isEqualTo(Architecture.read(Folder.local(model)).task());
            assertLogits(saved, golden, "after");
        }
    }

    private static void train(TrainedModel trained, JsonNode golden) {
        Workspace workspace = trained.network().workspace();
        Settings settings = new Settings();
        settings.weightDecay = 0;
        AdamW optimizer = new AdamW(StateMemory.of(workspace), trained.parameters(), settings.config());
        Backpropagation backpropagation = Backpropagation.recording(trained.network());
        Classifier classifier = trained.network().architecture().classifier().orElseThrow();
        assertThat(golden.path("steps")).hasSize(10);
        for (int i = 0; i < 10; i++) {
            JsonNode step = golden.path("steps").path(i);
            List<ClassifiedStream.Row> rows = new ArrayList<>();
            step.path("rows")
                    .forEach(number ->
                            rows.add(ObjectiveGoldens.row(golden.path("rows").path(number.asInt()))));
            trained.parameters().clearGradients();

            double loss =
                    backpropagation.accumulate(ClassifiedStream.of(classifier, rows), 1.0 / rows.size()) / rows.size();
            double norm = Workspace.scoped(
                    () -> workspace.losses().norm(trained.parameters().gradients()));
            optimizer.step(i + 1, step.path("lr").asDouble(), norm);

            double expected = step.path("loss").asDouble();
            double expectedNorm = step.path("grad_norm").asDouble();
            assertThat(loss).as("loss of step %d", i).isCloseTo(expected, within(1e-5 * Math.max(1, expected)));
            assertThat(norm)
                    .as("gradient of step %d", i)
                    .isCloseTo(expectedNorm, within(1e-4 * Math.max(1, expectedNorm)));
        }
    }

    private static void assertLogits(Network network, JsonNode golden, String when) {
        Classifier classifier = network.architecture().classifier().orElseThrow();
        for (int i = 0; i < golden.path("rows").size(); i++) {
            ClassifiedStream.Row row = ObjectiveGoldens.row(golden.path("rows").path(i));
            TokenStream tokens = ClassifiedStream.of(classifier, List.of(row)).tokens();
            double[] expected = ObjectiveGoldens.doubles(golden.path(when).path(i));

            float[] logits = network.classify(tokens)[0];

            assertThat(logits).hasSize(expected.length);
            for (int k = 0; k < logits.length; k++) {
                assertThat((double) logits[k]).as("row %d %s", i, when).isCloseTo(expected[k], within(1e-4));
            }
        }
    }
}
