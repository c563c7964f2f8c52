package dev.temper.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.kernel.Workspace;
import dev.temper.model.ModelTask;
import dev.temper.model.Network;
import dev.temper.model.StoredModel;
import dev.temper.model.TinyModel;
import dev.temper.model.TokenStream;
import dev.temper.model.TrainedParameters;
import dev.temper.model.WholeModel;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorWriter;
import dev.temper.storage.Folder;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * An adapter on a model for texts and pictures fits the whole as transformers opens it; merged, it is a part of its
 * own.
 */
final class LanguageModelAdapterTest {
    @TempDir
    Path disk;

    @ParameterizedTest
    @CsvSource({"GEMMA3, language_model.model.", "GEMMA3, model.language_model.", "MISTRAL, language_model.model."})
    void hasTheNamesOfTheWhole(TinyModel model, String layers) throws Exception {
        Path whole = WholeModel.write(disk, model, layers, "language_model.lm_head.", "{}");
        Folder adapter = Folder.local(disk.resolve("adapter"));
        Folder merged = Folder.local(disk.resolve("merged"));
        StoredModel base = StoredModel.read(whole, ModelTask.causalLm(), 0);
        try (Workspace workspace = Workspace.open(1);
                Network network = base.load(workspace)) {
            LoraConfig config = LoraConfig.of(2, 4, 0, model.targets());
            TrainedParameters parameters =
                    new TrainedParameters(workspace, LoraAdapter.specs(config, base.architecture()));
            LoraAdapter fresh = LoraAdapter.create(config, network, parameters, 1);
            parameters.flatWeights().addi(0.25f); // the update is zero at first
            float[] expected = logits(network);
            fresh.save(adapter, null);

            try (Network again = AdaptedModel.load(workspace, base, adapter).network()) {
                assertThat(logits(again)).isEqualTo(expected);
            }
            try (MergedModel both = MergedModel.open(workspace, base, adapter)) {
                both.save(merged, Folder.local(whole), TensorWriter.SHARD_BYTES);
            }
        }
        assertThat(TensorFiles.open(disk.resolve("adapter"), "adapter_model")
                        .index()
                        .names())
                .isNotEmpty()
                .allMatch(name -> name.startsWith("base_model.model.model.language_model.layers."));
        JsonNode config = new ObjectMapper()
                .readTree(disk.resolve("adapter/adapter_config.json").toFile());
        String excluded = config.path("exclude_modules").asText();
        assertThat("model.vision_tower.encoder.layers.0.self_attn.q_proj").matches(excluded);
        assertThat("model.language_model.layers.0.self_attn.q_proj").doesNotMatch(excluded);
        assertThat(TensorFiles.open(disk.resolve("merged"), "model").index().names())
                .isEqualTo(
                        TensorFiles.open(disk.resolve("part"), "model").index().names());
    }

    private static float[] logits(Network network) {
        TokenStream stream = TokenStream.of(List.of(new int[] {3, 1, 4, 1, 5, 9}));
        return Workspace.scoped(() -> network.logits(stream, new int[] {0, 5}).toFloatArray());
    }
}
