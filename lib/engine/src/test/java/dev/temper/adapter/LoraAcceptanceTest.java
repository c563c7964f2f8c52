package dev.temper.adapter;

import static dev.temper.model.GoldenModels.difference;
import static dev.temper.model.GoldenModels.floats;
import static dev.temper.model.GoldenModels.gradientDifference;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.kernel.Workspace;
import dev.temper.model.Architecture;
import dev.temper.model.Backpropagation;
import dev.temper.model.ClassifiedStream;
import dev.temper.model.Classifier;
import dev.temper.model.Differences;
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
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Adapters that PEFT wrote: logits, gradients, files, merged weights. */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class LoraAcceptanceTest {
    @TempDir
    Path disk;

    @ParameterizedTest
    @MethodSource("dev.temper.model.GoldenModels#causalAdapters")
    void computesWhatPeftComputes(GoldenModels goldens, String model, String variant) throws Exception {
        try (Workspace workspace = Workspace.open(1)) {
            String name = "lora/" + model + "/" + variant;
            Folder init = Folder.local(goldens.root().resolve(name).resolve("adapter_init"));
            Differences found = Differences.of(model + "/" + variant);
            Architecture architecture = goldens.architecture(model);
            Network network = Network.load(workspace, architecture, goldens.weights(model));
            PeftConfig config = AdapterFile.read(init);
            TrainedParameters trained = new TrainedParameters(workspace, LoraAdapter.specs(config, architecture));
            LoraAdapter adapter = LoraAdapter.load(config, init, network, trained);
            TensorFiles golden = goldens.golden(name);
            List<Row> rows = GoldenModels.rows(goldens.golden("models/" + model));

            for (int k = 0; k < 2; k++) {
                found.check("logits", difference(logits(network, rows.get(k)), floats(golden, "logits_" + k)), 1e-4);
            }
            LabelledStream both = LabelledStream.of(rows);
            double loss = Backpropagation.recording(network).accumulate(both, 1.0 / both.keep().length);
            found.checkRelative("loss", loss / both.keep().length, floats(golden, "loss")[0], 1e-5);
            for (TrainedParameters.Spec spec : trained.specs()) {
                NDArray gradient = trained.gradient(spec.name());
                found.check("gradients", gradientDifference(gradient, floats(golden, "grad." + spec.name())), 1e-4);
            }
            writesWhatPeftWrites(adapter, init);
            Network again = Network.load(workspace, architecture, goldens.weights(model));
            aFreshOneSaysTheSame(config.lora(), again, init);
            if (Files.exists(goldens.root().resolve(name).resolve("merged.safetensors"))) {
                Network reloaded =
                        mergesAsPeftMerges(network, adapter, goldens.root().resolve(name));
                for (Row row : rows) {
                    float[] adapted = logits(network, row).toFloatArray();
                    found.check("merged", difference(logits(reloaded, row), adapted), 5e-5);
                }
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

        assertThat(config(written)).isEqualTo(config(expected));
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

    private void aFreshOneSaysTheSame(LoraConfig lora, Network network, Folder expected) throws Exception {
        Folder written = Folder.local(disk.resolve("fresh"));
        TrainedParameters trained =
                new TrainedParameters(network.workspace(), LoraAdapter.specs(lora, network.architecture()));
        LoraAdapter.create(lora, network, trained, 1).save(written, null);

        ObjectNode config = config(written);
        assertThat(config).isEqualTo(asOf018(config(expected), config));
    }

    /** Without the fields that PEFT 0.21 has beside those of 0.18, which are null unless they are used. */
    private static JsonNode asOf018(ObjectNode config, ObjectNode fields) {
        ObjectNode older = config.deepCopy();
        config.fields().forEachRemaining(field -> {
            if (!fields.has(field.getKey())) {
                assertThat(field.getValue().isNull()).as(field.getKey()).isTrue();
                older.remove(field.getKey());
                older.set("peft_version", fields.get("peft_version"));
            }
        });
        return older;
    }

    /** PEFT repeats names in modules_to_save, more often each time that it makes an adapter in one process. */
    private static ObjectNode config(Folder folder) throws Exception {
        ObjectMapper json = new ObjectMapper();
        ObjectNode config = (ObjectNode) json.readTree(folder.readText("adapter_config.json"));
        Set<String> modules = new LinkedHashSet<>();
        config.path("modules_to_save").forEach(name -> modules.add(name.asText()));
        if (!modules.isEmpty()) {
            config.set("modules_to_save", json.valueToTree(modules));
        }
        return config;
    }

    @ParameterizedTest
    @MethodSource("dev.temper.model.GoldenModels#classifierAdapters")
    void computesWhatPeftComputesForAClassifier(GoldenModels goldens, String model, String variant) throws Exception {
        try (Workspace workspace = Workspace.open(1)) {
            String name = "lora/" + model + "/" + variant;
            Folder init = Folder.local(goldens.root().resolve(name).resolve("adapter_init"));
            Differences found = Differences.of(model + "/" + variant);
            Architecture architecture = goldens.architecture(model);
            Classifier classifier = architecture.classifier().orElseThrow();
            Network network = Network.load(workspace, architecture, goldens.weights(model));
            PeftConfig config = AdapterFile.read(init);
            TrainedParameters trained = new TrainedParameters(workspace, LoraAdapter.specs(config, architecture));
            LoraAdapter adapter = LoraAdapter.load(config, init, network, trained);
            TensorFiles golden = goldens.golden(name);
            List<ClassifiedStream.Row> rows = GoldenModels.classifiedRows(goldens.golden("models/" + model));
            ClassifiedStream both = ClassifiedStream.of(classifier, rows);

            float[][] logits = network.classify(both.tokens());
            double loss = Backpropagation.recording(network).accumulate(both, 1.0 / rows.size());

            for (int k = 0; k < rows.size(); k++) {
                found.check("logits", logits[k], floats(golden, "logits_" + k), 1e-4);
            }
            found.checkRelative("loss", loss / rows.size(), floats(golden, "loss")[0], 1e-5);
            for (TrainedParameters.Spec spec : trained.specs()) {
                NDArray gradient = trained.gradient(spec.name());
                found.check("gradients", gradientDifference(gradient, floats(golden, "grad." + spec.name())), 1e-4);
            }
            writesWhatPeftWrites(adapter, init);
            Network again = Network.load(workspace, architecture, goldens.weights(model));
            aFreshOneSaysTheSame(config.lora(), again, init);
            if (Files.exists(goldens.root().resolve(name).resolve("merged.safetensors"))) {
                Network reloaded =
                        mergesAsPeftMerges(network, adapter, goldens.root().resolve(name));
                float[][] merged = reloaded.classify(both.tokens());
                for (int k = 0; k < rows.size(); k++) {
                    found.check("merged", merged[k], logits[k], 5e-5);
                }
            }
        }
    }

    private Network mergesAsPeftMerges(Network network, LoraAdapter adapter, Path adapters) throws Exception {
        Folder merged = Folder.local(disk.resolve("merged"));
        Path model = adapters.getParent();
        Path base = model.resolve("../../models").resolve(model.getFileName());
        ModelFolder.save(merged, network, Folder.local(base), adapter::merged);

        TensorFiles ours = TensorFiles.open(Path.of(merged.location()), "model");
        TensorFiles theirs = TensorFiles.open(adapters, "merged");
        Workspace workspace = network.workspace();
        for (Parameter parameter : network.architecture().parameters()) {
            float[] expected = floats(theirs, parameter.name());
            NDArray actual = workspace.floats(floats(ours, parameter.name()), parameter.shape());
            assertThat(difference(actual, expected)).as(parameter.name()).isLessThan(1e-6);
        }
        return Network.load(workspace, Architecture.read(merged), ours);
    }
}
