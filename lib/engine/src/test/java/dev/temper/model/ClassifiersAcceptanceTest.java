package dev.temper.model;

import static dev.temper.model.GoldenModels.difference;
import static dev.temper.model.GoldenModels.floats;
import static dev.temper.model.GoldenModels.gradientDifference;

import ai.djl.ndarray.NDArray;
import dev.temper.kernel.Workspace;
import dev.temper.safetensors.TensorFiles;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Logits, losses and every gradient of classifiers against transformers; tolerances of golden's README. */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class ClassifiersAcceptanceTest {
    @ParameterizedTest
    @MethodSource("dev.temper.model.GoldenModels#classifiers")
    void computesWhatTransformersComputes(GoldenModels goldens, String model) throws Exception {
        try (Workspace workspace = Workspace.open(1)) {
            Differences found = Differences.of(model);
            Architecture architecture = goldens.architecture(model);
            TensorFiles golden = goldens.golden("models/" + model);
            Network network = Network.load(workspace, architecture, goldens.weights(model));
            List<ClassifiedStream.Row> rows = GoldenModels.classifiedRows(golden);
            Classifier classifier = architecture.classifier().orElseThrow();

            float[][] together =
                    network.classify(ClassifiedStream.of(classifier, rows).tokens());

            for (int k = 0; k < rows.size(); k++) {
                int index = k;
                float[] expected = floats(golden, "logits_" + k);
                TokenStream alone =
                        ClassifiedStream.of(classifier, List.of(rows.get(k))).tokens();
                found.check("logits", network.classify(alone)[0], expected, 1e-4);
                found.check("logits", together[k], expected, 1e-4);
                checkHidden(found, network, alone, name -> floats(golden, "hidden_" + index + name));
            }
        }
    }

    private interface Golden {
        float[] read(String name) throws IOException;
    }

    /** What enters the first layer is compared where the norm of the embeddings does not belong to that layer. */
    private static void checkHidden(Differences found, Network network, TokenStream stream, Golden golden)
            throws IOException {
        Network.Inputs inputs = network.inputs(stream);
        NDArray x = network.embed(inputs);
        if (network.dictionary(0).get("embedding_norm") == null) {
            found.check("hidden states", difference(x, golden.read("_0")), 1e-4);
        }
        for (int layer = 0; layer < network.architecture().sizes().layers(); layer++) {
            x = network.layer(layer, x, inputs);
            found.check("hidden states", difference(x, golden.read("_" + (layer + 1))), 1e-4);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.temper.model.GoldenModels#classifiers")
    void differentiatesAsTransformersDoes(GoldenModels goldens, String model) throws Exception {
        try (Workspace workspace = Workspace.open(1)) {
            Differences found = Differences.of(model);
            Architecture architecture = goldens.architecture(model);
            TensorFiles golden = goldens.golden("models/" + model);
            TrainedParameters trained = new TrainedParameters(workspace, ModelWeights.specs(architecture));
            Network network = Network.load(workspace, architecture, goldens.weights(model), trained);
            List<ClassifiedStream.Row> rows = GoldenModels.classifiedRows(golden);
            ClassifiedStream both =
                    ClassifiedStream.of(architecture.classifier().orElseThrow(), rows);
            for (boolean checkpointing : new boolean[] {false, true}) {
                trained.clearGradients();
                Backpropagation backpropagation =
                        checkpointing ? Backpropagation.checkpointing(network) : Backpropagation.recording(network);

                double loss = backpropagation.accumulate(both, 1.0 / rows.size());

                found.checkRelative("loss", loss / rows.size(), floats(golden, "loss")[0], 1e-5);
                for (Parameter parameter : architecture.parameters()) {
                    NDArray gradient = trained.gradient(parameter.name());
                    float[] expectedGradient = floats(golden, "grad." + parameter.name());
                    found.check("gradients", gradientDifference(gradient, expectedGradient), 1e-4);
                }
            }
        }
    }
}
