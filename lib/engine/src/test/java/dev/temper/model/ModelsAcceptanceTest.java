package dev.temper.model;

import static dev.temper.model.GoldenModels.difference;
import static dev.temper.model.GoldenModels.floats;
import static dev.temper.model.GoldenModels.gradientDifference;

import ai.djl.ndarray.NDArray;
import dev.temper.kernel.Workspace;
import dev.temper.model.LabelledStream.Row;
import dev.temper.safetensors.TensorFiles;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Logits, hidden states, losses and every gradient against transformers; tolerances of golden's README. */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class ModelsAcceptanceTest {
    @ParameterizedTest
    @MethodSource("dev.temper.model.GoldenModels#causalModels")
    void computesWhatTransformersComputes(GoldenModels goldens, String model) throws Exception {
        try (Workspace workspace = Workspace.open(1)) {
            Differences found = Differences.of(model);
            Architecture architecture = goldens.architecture(model);
            TensorFiles golden = goldens.golden("models/" + model);
            Network network = Network.load(workspace, architecture, goldens.weights(model));
            List<Row> rows = GoldenModels.rows(golden);
            for (int k = 0; k < rows.size(); k++) {
                TokenStream stream = TokenStream.of(List.of(rows.get(k).ids()));
                Network.Inputs inputs = network.inputs(stream);
                NDArray x = network.embed(inputs);
                found.check("hidden states", difference(x, floats(golden, "hidden_" + k + "_0")), 1e-4);
                for (int layer = 0; layer < architecture.sizes().layers(); layer++) {
                    x = network.layer(layer, x, inputs);
                    float[] hidden = floats(golden, "hidden_" + k + "_" + (layer + 1));
                    found.check("hidden states", difference(x, hidden), 1e-4);
                }
                int[] all = IntStream.range(0, stream.length()).toArray();
                found.check("logits", difference(network.logits(stream, all), floats(golden, "logits_" + k)), 1e-4);
                LabelledStream one = LabelledStream.of(List.of(rows.get(k)));
                double loss = Backpropagation.lossSum(network, one) / one.keep().length;
                found.checkRelative("loss", loss, floats(golden, "loss_" + k)[0], 1e-5);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.temper.model.GoldenModels#causalModels")
    void differentiatesAsTransformersDoes(GoldenModels goldens, String model) throws Exception {
        try (Workspace workspace = Workspace.open(1)) {
            Differences found = Differences.of(model);
            Architecture architecture = goldens.architecture(model);
            TensorFiles golden = goldens.golden("models/" + model);
            TrainedParameters trained = new TrainedParameters(workspace, ModelWeights.specs(architecture));
            Network network = Network.load(workspace, architecture, goldens.weights(model), trained);
            LabelledStream both = LabelledStream.of(GoldenModels.rows(golden));
            for (boolean checkpointing : new boolean[] {false, true}) {
                trained.clearGradients();
                Backpropagation backpropagation =
                        checkpointing ? Backpropagation.checkpointing(network) : Backpropagation.recording(network);

                double loss = backpropagation.accumulate(both, 1.0 / both.keep().length);

                found.checkRelative("loss", loss / both.keep().length, floats(golden, "loss")[0], 1e-5);
                for (Parameter parameter : architecture.parameters()) {
                    NDArray gradient = trained.gradient(parameter.name());
                    float[] expectedGradient = floats(golden, "grad." + parameter.name());
                    found.check("gradients", gradientDifference(gradient, expectedGradient), 1e-4);
                }
            }
        }
    }
}
