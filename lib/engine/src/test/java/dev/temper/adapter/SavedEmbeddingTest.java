package dev.temper.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.kernel.Workspace;
import dev.temper.model.Architecture;
import dev.temper.model.Backpropagation;
import dev.temper.model.LabelledStream;
import dev.temper.model.Network;
import dev.temper.model.TinyModel;
import dev.temper.model.TrainedParameters;
import dev.temper.safetensors.TensorFiles;
import dev.temper.storage.Folder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An embedding that is trained whole beside an adapter: PEFT trains a copy of the module, its padding_idx included. */
final class SavedEmbeddingTest {
    private static final int PAD = 7; // in several of the rows

    @TempDir
    Path disk;

    @Test
    void paddingIsNotLearnedThroughTheLookUp() throws Exception {
        float[] learned = gradient("null");
        float[] found = gradient(String.valueOf(PAD));

        int width = learned.length / TinyModel.VOCABULARY;
        float[] expected = learned.clone();
        Arrays.fill(expected, PAD * width, (PAD + 1) * width, 0);
        assertThat(found).isEqualTo(expected).isNotEqualTo(learned);
    }

    /** Of the embedding, whose head is another matrix and frozen. */
    private float[] gradient(String padToken) throws Exception {
        String config = TinyModel.LLAMA.config().strip().replaceAll("}$", ", \"pad_token_id\": " + padToken + "}");
        TinyModel.weights(disk, config).write(disk.resolve("model.safetensors"));
        LoraConfig lora = new LoraConfig(
                "lora",
                2,
                4,
                0,
                List.of("q_proj"),
                List.of(),
                List.of(),
                Map.of(),
                Map.of(),
                false,
                false,
                List.of("embed_tokens"),
                true,
                List.of(),
                Optional.empty());
        Architecture architecture = Architecture.read(Folder.local(disk));
        try (Workspace workspace = Workspace.open(1);
                Network network = Network.load(workspace, architecture, TensorFiles.open(disk, "model"))) {
            TrainedParameters parameters = new TrainedParameters(workspace, LoraAdapter.specs(lora, architecture));
            LoraAdapter.create(lora, network, parameters, 3);
            Backpropagation.recording(network).accumulate(LabelledStream.of(TinyModel.rows(9)), 1);
            String name = parameters.specs().stream()
                    .map(TrainedParameters.Spec::name)
                    .filter(spec -> spec.endsWith("embed_tokens.weight"))
                    .findFirst()
                    .orElseThrow();
            return parameters.gradient(name).toFloatArray();
        }
    }
}
