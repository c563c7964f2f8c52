package dev.temper.plan;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.recipe.PretrainedModel;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeFile;
import dev.temper.storage.LocalStore;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code temper plan conf/yoda-phi3.yaml} on folders with nothing but a config.json, against transformers and PEFT. */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class PlanAcceptanceTest {
    private static final Path RECIPE = Path.of(System.getProperty("temper.root"), "conf", "yoda-phi3.yaml");

    @TempDir
    private Path folder;

    @Test
    void yodaPhi3() throws Exception {
        MemoryPlan plan = plan("Phi-3-mini-4k-instruct");

        PlanTable table = new PlanTable(plan, new GivenMemory(8L << 30, "8 GiB"), Optional.empty());
        assertThat(table.text())
                .contains("12.58M trainable of 3833.66M (0.33 %)")
                .contains("transformers' get_memory_footprint")
                .contains("2,206,341,312 bytes");
        JsonNode bytes = table.json().path("bytes");
        assertThat(bytes.path("transformers_get_memory_footprint").asLong()).isEqualTo(2_206_341_312L);
        // codes; an 8-bit scale for 64 weights; for 256 of these a float32 one; an offset for each of 128 tensors
        long codes = 3_623_878_656L / 2;
        assertThat(bytes.path("quantized").asLong()).isEqualTo(codes + codes / 32 + codes / 32 / 64 + 128 * 4);
        assertThat(bytes.path("dense").asLong())
                .isEqualTo(2 * 197_001_216L + 4 * (199_680 + 12_582_912)); // matrices; norms and the adapter
        assertThat(bytes.path("weights").asLong())
                .isEqualTo(
                        bytes.path("quantized").asLong() + bytes.path("dense").asLong());
        assertThat(bytes.path("dequantized").asLong()).isEqualTo(2 * 3_623_878_656L / 32);
        assertThat(bytes.path("gradients").asLong()).isEqualTo(4 * 12_582_912);
        assertThat(bytes.path("optimizer").asLong()).isEqualTo(2 * 12_582_912 + 2 * 4 * 12_582_912 / 256);
    }

    @ParameterizedTest
    @MethodSource
    void countsAsTransformersDoes(String model) throws Exception {
        MemoryPlan plan = plan(model, "adapter.target_modules=all-linear");

        assertThat(TransformersFootprint.of(plan.placement()))
                .hasValue(sizes().at("/" + model + "/nf4_memory_footprint_bytes/total")
                        .asLong());
    }

    static List<String> countsAsTransformersDoes() throws IOException {
        List<String> models = new ArrayList<>();
        sizes().fields().forEachRemaining(model -> {
            if (model.getValue().has("nf4_memory_footprint_bytes")) {
                models.add(model.getKey());
            }
        });
        return models;
    }

    private MemoryPlan plan(String model, String... overrides) throws IOException {
        Files.writeString(
                folder.resolve("config.json"),
                sizes().path(model).path("config").toString());
        List<String> all = new ArrayList<>(List.of(overrides));
        all.add("model.base=" + folder);
        return plan(new LocalStore(), RecipeFile.read(new LocalStore(), RECIPE.toString(), all));
    }

    private static JsonNode sizes() throws IOException {
        Path file = Path.of(System.getProperty("temper.shared", ""), "golden/misc/sizes.json.gz");
        try (InputStream in = new GZIPInputStream(Files.newInputStream(file))) {
            return new ObjectMapper().readTree(in);
        }
    }

    private static MemoryPlan plan(LocalStore store, Recipe recipe) throws IOException {
        return MemoryPlan.of(PretrainedModel.read(store, recipe), recipe);
    }
}
