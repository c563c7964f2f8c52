package dev.temper.model;

import static dev.temper.model.GoldenModels.difference;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.kernel.Workspace;
import dev.temper.safetensors.TensorFiles;
import dev.temper.storage.Folder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** Small models that others published: the logits that they saw, or that transformers 4.57.1 computes. */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class PublishedModelsAcceptanceTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    @Test
    void gpt2GivesThePublishedLogits() throws Exception {
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

    /** The first token's hidden state, and the first value of every token's, of {@code DistilBertModel}. */
    @Test
    void distilbertGivesTransformersHiddenStates() throws Exception {
        float[] first = {
            0.578531f,
            2.466218f,
            1.365096f,
            0.867062f,
            0.944102f,
            -1.735634f,
            0.125909f,
            -0.637912f,
            0.660081f,
            0.010414f,
            -0.238563f,
            -0.481561f,
            0.207798f,
            -0.378669f,
            -2.094926f,
            1.52722f,
            -0.253727f,
            0.305769f,
            -1.01923f,
            1.482281f,
            -0.422806f,
            -0.109452f,
            0.810645f,
            -0.231069f,
            -2.208982f,
            0.509959f,
            -0.675697f,
            -0.937879f,
            -0.467369f,
            -0.088418f,
            0.107299f,
            0.013511f
        };
        float[] everyFirst = {0.578531f, 1.642979f, -2.076197f, 1.152694f, 0.997347f, -0.148263f};
        Path published = Path.of(System.getProperty("temper.shared"), "fixtures/models/tiny_distilbert");
        ModelTask task = ModelTask.classification(List.of("a", "b"));
        try (Workspace workspace = Workspace.open(1);
                Network network = StoredModel.read(published, task, 0).load(workspace)) {
            TokenStream stream = TokenStream.of(List.of(new int[] {2, 517, 300, 1100, 42, 3}));

            float[] hidden = network.hidden(network.inputs(stream)).toFloatArray();

            assertThat(Arrays.copyOf(hidden, first.length)).containsExactly(first, within(1e-5f));
            for (int token = 0; token < everyFirst.length; token++) {
                assertThat(hidden[token * first.length]).isCloseTo(everyFirst[token], within(1e-5f));
            }
        }
    }
}
