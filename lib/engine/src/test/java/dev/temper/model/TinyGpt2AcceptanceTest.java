package dev.temper.model;

import static dev.temper.model.GoldenModels.difference;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.kernel.Workspace;
import dev.temper.safetensors.TensorFiles;
import dev.temper.storage.Folder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** A GPT-2 that others published, with the logits that they saw. */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class TinyGpt2AcceptanceTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    @Test
    void givesThePublishedLogits() throws Exception {
        Path published = Path.of(System.getProperty("temper.shared"), "fixtures/models/tiny_gpt2");
        JsonNode golden =
                JSON.readTree(published.resolve("gpt2_tiny_golden.json").toFile());
        ObjectNode config = golden.path("config").deepCopy();
        Files.writeString(
                folder.resolve("config.json"), config.put("model_type", "gpt2").toString());
        Architecture architecture = Architecture.read(Folder.local(folder));
        TensorFiles files = TensorFiles.open(published, "model");
        ModelWeights.verify(architecture, files.index(), published.toString());
        int[] ids = GoldenModels.ints(golden.path("input_ids"));
        float[] expected = JSON.convertValue(golden.path("logits"), float[].class);
        try (Workspace workspace = Workspace.open(1)) {
            Network network = Network.load(workspace, architecture, files);

            int[] all = IntStream.range(0, ids.length).toArray();

            assertThat(difference(network.logits(TokenStream.of(List.of(ids)), all), expected))
                    .isLessThan(1e-4);
        }
    }
}
