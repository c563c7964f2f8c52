package dev.temper.adapter;

import static dev.temper.model.GoldenModels.difference;
import static dev.temper.model.GoldenModels.floats;
import static dev.temper.model.GoldenModels.gradientDifference;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.kernel.Workspace;
import dev.temper.model.Architecture;
import dev.temper.model.Backpropagation;
import dev.temper.model.GoldenModels;
import dev.temper.model.LabelledStream;
import dev.temper.model.LabelledStream.Row;
import dev.temper.model.ModelFolder;
import dev.temper.model.Network;
import dev.temper.model.Parameter;
import dev.temper.model.TokenStream;
import dev.temper.model.TrainedParameters;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorInfo;
import dev.temper.storage.Folder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Adapters that PEFT wrote: logits, gradients, files, merged weights. */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class LoraAcceptanceTest {
    private static final GoldenModels GOLDEN = GoldenModels.open();

    @TempDir
    Path disk;

    @ParameterizedTest
    @MethodSource("dev.temper.model.GoldenModels#causalAdapters")
    void computesWhatPeftComputes(String model, String variant) throws Exception {
        try (Workspace workspace = Workspace.open(1)) {
            String name = "lora/" + model + "/" + variant;
            Folder init = Folder.local(GOLDEN.root().resolve(name).resolve("adapter_init"));
            Architecture architecture = GOLDEN.architecture(model);
            Network network = Network.load(workspace, architecture, GOLDEN.weights(model));
            LoraConfig config = AdapterFile.read(init);
            TrainedParameters trained = new TrainedParameters(workspace, LoraAdapter.specs(config, architecture));
            LoraAdapter adapter = LoraAdapter.load(config, init, network, trained);
            TensorFiles golden = GOLDEN.golden(name);
            List<Row> rows = GoldenModels.rows(GOLDEN.golden("models/" + model));

            for (int k = 0; k < 2; k++) {
                assertThat(difference(logits(network, rows.get(k)), floats(golden, "logits_" + k)))
                        .isLessThan(1e-4);
            }
            LabelledStream both = LabelledStream.of(rows);
            double loss = Backpropagation.recording(network).accumulate(both, 1.0 / both.keep().length);
            float expected = floats(golden, "loss")[0];
            assertThat(loss / both.keep().length).isCloseTo(expected, within(1e-5 * expected));
            for (TrainedParameters.Spec spec : trained.specs()) {
                assertThat(gradientDifference(trained.gradient(spec.name()), floats(golden, "grad." + spec.name())))
                        .as(spec.name())
                        .isLessThan(1e-4);
            }
            writesWhatPeftWrites(adapter, init);
            if (Files.exists(GOLDEN.root().resolve(name).resolve("merged.safetensors"))) {
                mergesAsPeftMerges(network, adapter, GOLDEN.root().resolve(name), rows);
            }
        }
    }

    private static NDArray logits(Network network, Row row) {
        int[] all = IntStream.range(0, row.ids().length).toArray();
        return network.logits(TokenStream.of(List.of(row.ids())), all);
    }

    private void writesWhatPeftWrites(LoraAdapter adapter, Folder expected) throws Exception {
        Folder written = Folder.local(disk.resolve("adapter"));
        adapter.save(written, null);

        ObjectMapper json = new ObjectMapper();
        assertThat(json.readTree(written.readText("adapter_config.json")))
                .isEqualTo(json.readTree(expected.readText("adapter_config.json")));
        TensorFiles ours = TensorFiles.open(Path.of(written.location()), "adapter_model");
        TensorFiles theirs = TensorFiles.open(Path.of(expected.location()), "adapter_model");
        assertThat(ours.index().names()).isEqualTo(theirs.index().names());
        for (TensorInfo tensor : theirs.index().tensors().values()) {
            TensorInfo same = ours.index().find(tensor.name()).orElseThrow();
            assertThat(same.shape()).isEqualTo(tensor.shape());
            assertThat(same.dtype()).isEqualTo(tensor.dtype());
            assertThat(floats(ours, tensor.name())).isEqualTo(floats(theirs, tensor.name()));
        }
    }

    private void mergesAsPeftMerges(Network network, LoraAdapter adapter, Path adapters, List<Row> rows)
            throws Exception {
        Folder merged = Folder.local(disk.resolve("merged"));
        Path base = GOLDEN.root().resolve("models").resolve(adapters.getParent().getFileName());
        ModelFolder.save(merged, network, Folder.local(base), adapter::merged);

        TensorFiles ours = TensorFiles.open(Path.of(merged.location()), "model");
        TensorFiles theirs = TensorFiles.open(adapters, "merged");
        Workspace workspace = network.workspace();
        for (Parameter parameter : network.architecture().parameters()) {
            float[] expected = floats(theirs, parameter.name());
            NDArray actual = workspace.floats(floats(ours, parameter.name()), parameter.shape());
            assertThat(difference(actual, expected)).as(parameter.name()).isLessThan(1e-6);
        }
        Network reloaded = Network.load(workspace, Architecture.read(merged), ours);
        for (Row row : rows) {
            assertThat(difference(logits(reloaded, row), logits(network, row).toFloatArray()))
                    .isLessThan(5e-5);
        }
    }
}
