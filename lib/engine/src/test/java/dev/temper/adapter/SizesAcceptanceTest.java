package dev.temper.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.model.Architecture;
import dev.temper.model.GoldenModels;
import dev.temper.model.ModelTask;
import dev.temper.model.Parameter;
import dev.temper.model.TrainedParameters.Spec;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Published shapes: every tensor's shape, the parameters in all, and those of adapters, from config.json alone. */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class SizesAcceptanceTest {
    private static final Path SHARED =
            Path.of(System.getProperty("temper.shared", "")); // empty where the condition switches the class off
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    static Stream<Arguments> models() throws IOException {
        List<Arguments> names = new ArrayList<>();
        for (GoldenModels goldens : GoldenModels.all().toList()) {
            sizes(goldens).fieldNames().forEachRemaining(name -> names.add(Arguments.of(goldens, name)));
        }
        return names.stream();
    }

    private static JsonNode sizes(GoldenModels goldens) throws IOException {
        try (InputStream in =
                new GZIPInputStream(Files.newInputStream(goldens.root().resolve("misc/sizes.json.gz")))) {
            return JSON.readTree(in);
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void countsWhatTransformersAndPeftCount(GoldenModels goldens, String name) throws Exception {
        JsonNode model = sizes(goldens).path(name);
        Files.writeString(folder.resolve("config.json"), model.path("config").toString());

        boolean classifies = model.path("class").asText().endsWith("ForSequenceClassification");
        ModelTask task = classifies ? ModelTask.classification(List.of("a", "b")) : ModelTask.causalLm();

        Architecture architecture = Architecture.read(Folder.local(folder), task);

        assertThat(architecture.className()).isEqualTo(model.path("class").asText());
        assertThat(architecture.parameterCount())
                .isEqualTo(model.path("parameters").asLong());
        assertThat(shapes(architecture)).isEqualTo(expected(model.path("shapes")));
        for (JsonNode lora : model.path("lora")) {
            if (lora.has("peft_error")) {
                continue; // all-linear of DistilBERT, which PEFT cannot do
            }
            long trainable = LoraAdapter.specs(config(lora), architecture).stream()
                    .mapToLong(Spec::elements)
                    .sum();
            assertThat(trainable)
                    .as("%s", lora)
                    .isEqualTo(lora.path("trainable").asLong());
        }
    }

    private static LoraConfig config(JsonNode lora) {
        List<String> targets = new ArrayList<>();
        lora.path("target_modules").forEach(target -> targets.add(target.asText()));
        if (targets.isEmpty()) {
            targets.add(LoraConfig.ALL_LINEAR);
        }
        return new LoraConfig(
                "lora",
                lora.path("r").asInt(),
                16,
                0,
                targets,
                List.of(),
                List.of(),
                Map.of(),
                Map.of(),
                false,
                lora.path("use_dora").asBoolean(),
                List.of(),
                true,
                List.of(),
                Optional.empty());
    }

    /** Name without the layer's number, to shape and count. */
    private static Map<String, String> shapes(Architecture architecture) {
        Map<String, List<Shape>> byName = new TreeMap<>();
        for (Parameter parameter : architecture.parameters()) {
            byName.computeIfAbsent(parameter.name().replaceAll("\\.\\d+\\.", ".*."), any -> new ArrayList<>())
                    .add(parameter.shape());
        }
        Map<String, String> shapes = new TreeMap<>();
        byName.forEach((name, all) -> shapes.put(name, all.get(0) + " " + all.size()));
        return shapes;
    }

    private static Map<String, String> expected(JsonNode list) {
        Map<String, String> shapes = new TreeMap<>();
        for (JsonNode entry : list) {
            long[] shape = JSON.convertValue(entry.path(1), long[].class);
            shapes.put(
                    entry.path(0).asText(),
                    new Shape(shape) + " " + entry.path(2).asInt());
        }
        return shapes;
    }

    @ParameterizedTest
    @CsvSource({
        "fixtures/models/stories260K/config.json, 260032",
        "fixtures/tokenizers/llama2/config.json, 6738415616",
        "fixtures/tokenizers/llama3/llama-3.2-1b-instruct.config.json, 1235814400",
        "fixtures/tokenizers/phi3_mini/phi-3-mini-128k.config.json, 3821079552"
    })
    void readsPublishedConfigs(String file, long parameters) throws Exception {
        Files.copy(SHARED.resolve(file), folder.resolve("config.json"));

        assertThat(Architecture.read(Folder.local(folder)).parameterCount()).isEqualTo(parameters);
    }
}
