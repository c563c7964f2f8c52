package dev.temper.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.adapter.LoraAdapter;
import dev.temper.adapter.LoraConfig;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.kernel.WorkspaceMemory;
import dev.temper.model.Placement.Place;
import dev.temper.quant.Quantization;
import dev.temper.safetensors.SafetensorsFile;
import dev.temper.storage.Folder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Where parameters live: the rule, and that the loader and a plan from config.json come to the same. */
final class WeightPlacementTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({
        "LINEAR, DENSE FLOAT32, FLOAT32, MAPPED, FLOAT32",
        "LINEAR, DENSE BFLOAT16, FLOAT32, MAPPED, BFLOAT16",
        "LINEAR, DENSE BFLOAT16, BFLOAT16, MAPPED, BFLOAT16",
        "LINEAR, DENSE FLOAT16, BFLOAT16, HELD, BFLOAT16",
        "LINEAR, DENSE FLOAT32, BFLOAT16, HELD, BFLOAT16",
        "LINEAR, DENSE FLOAT64, FLOAT32, HELD, FLOAT32",
        "LINEAR, UNALIGNED FLOAT32, FLOAT32, HELD, FLOAT32",
        "LINEAR, UNALIGNED FLOAT16, FLOAT32, HELD, FLOAT16",
        "LINEAR, CODES FLOAT32, BFLOAT16, CODES, BFLOAT16",
        "HEAD, CODES FLOAT32, BFLOAT16, HELD, BFLOAT16",
        "HEAD, FIRST_ROWS FLOAT16, FLOAT32, HELD, FLOAT16",
        "HEAD, FIRST_ROWS FLOAT32, BFLOAT16, HELD, BFLOAT16",
        "HEAD, NOTHING FLOAT32, BFLOAT16, HELD, BFLOAT16",
        "NORM, DENSE FLOAT32, BFLOAT16, MAPPED, FLOAT32",
        "NORM, DENSE BFLOAT16, BFLOAT16, HELD, FLOAT32"
    })
    void followsFromTheFileAndTheTypeThatIsComputedIn(
            Parameter.Kind kind, String stored, FloatType computed, Place place, FloatType type) throws Exception {
        StoredTensor.Form form = StoredTensor.Form.valueOf(stored.split(" ")[0]);
        FloatType saved = FloatType.valueOf(stored.split(" ")[1]);
        Architecture architecture = llama(FloatType.FLOAT32);
        Parameter one = architecture.parameters().stream()
                .filter(parameter -> parameter.kind() == kind)
                .findFirst()
                .orElseThrow();

        WeightPlacement placement = new WeightPlacement(
                architecture,
                parameter -> new StoredTensor(parameter.equals(one) ? form : StoredTensor.Form.DENSE, saved),
                Optional.empty(),
                TrainedWeights.whole(parameter -> false),
                new WeightPlacement.Types(computed, FloatType.FLOAT32));

        assertThat(placement.of(one)).isEqualTo(new Placement(place, type));
    }

    @Test
    void whatIsTrainedOrBroughtIsNoCode() throws Exception {
        Architecture architecture = llama(FloatType.FLOAT32);
        Parameter first = named(architecture, "model.layers.0.mlp.up_proj.weight");
        Parameter second = named(architecture, "model.layers.1.mlp.up_proj.weight");
        Parameter third = named(architecture, "model.layers.2.mlp.up_proj.weight");
        TrainedWeights trained = new TrainedWeights(first::equals, Map.of(), false, false, List.of(), List.of(second));

        WeightPlacement placement = new WeightPlacement(
                architecture,
                StoredTensor.described(Folder.local(folder), architecture),
                Optional.of(Quantization.nf4()),
                trained,
                new WeightPlacement.Types(FloatType.BFLOAT16, FloatType.FLOAT32));

        assertThat(placement.of(first)).isEqualTo(new Placement(Place.TRAINED, FloatType.FLOAT32));
        assertThat(placement.of(second)).isEqualTo(new Placement(Place.HELD, FloatType.BFLOAT16));
        assertThat(placement.of(third)).isEqualTo(new Placement(Place.CODES, FloatType.BFLOAT16));
        assertThat(placement.isQuantizedNow(second)).isFalse();
        assertThat(placement.isQuantizedNow(third)).isTrue();
    }

    private static Stream<Arguments> ways() {
        List<Arguments> ways = new ArrayList<>();
        for (FloatType stored : List.of(FloatType.FLOAT32, FloatType.BFLOAT16)) {
            for (FloatType computed : List.of(FloatType.FLOAT32, FloatType.BFLOAT16)) {
                for (boolean isQuantized : List.of(true, false)) {
                    ways.add(Arguments.of(stored, computed, isQuantized, List.of("o_proj", "lm_head"), List.of(3, 30)));
                    ways.add(Arguments.of(stored, computed, isQuantized, List.of(), List.of(7)));
                    ways.add(Arguments.of(stored, computed, isQuantized, List.of("embed_tokens"), List.of()));
                }
            }
        }
        return ways.stream();
    }

    @EnabledOnOs(OS.LINUX)
    @ParameterizedTest
    @MethodSource("ways")
    void theLoaderDoesWhatAPlanSays(
            FloatType stored, FloatType computed, boolean isQuantized, List<String> saved, List<Integer> tokens)
            throws Exception {
        Architecture architecture = llama(stored);
        Optional<Quantization> quantization = isQuantized ? Optional.of(Quantization.nf4()) : Optional.empty();
        LoraConfig lora = lora(saved, tokens);
        WeightPlacement plan = new WeightPlacement(
                architecture,
                StoredTensor.described(Folder.local(folder), architecture),
                quantization,
                LoraAdapter.trained(lora, architecture),
                new WeightPlacement.Types(computed, FloatType.FLOAT32));
        Map<Parameter, Placement> planned = new LinkedHashMap<>();
        architecture.parameters().forEach(parameter -> planned.put(parameter, plan.of(parameter)));

        try (Workspace workspace = Workspace.open(1)) {
            StoredModel base = StoredModel.read(folder, ModelTask.causalLm(), 0)
                    .quantized(quantization)
                    .in(computed);
            List<TrainedParameters.Spec> specs = LoraAdapter.specs(lora, architecture);
            try (Network network = base.load(workspace, LoraAdapter.trainedWhole(specs))) {
                TrainedParameters trained = new TrainedParameters(workspace, specs, computed);
                LoraAdapter.create(lora, network, trained, 5);

                assertThat(network.weights().placements()).isEqualTo(planned);
                long held = plan.bytes(Place.HELD) + 2 * Float.BYTES * trained.count();
                long more = WorkspaceMemory.of(workspace).held() - held; // scalars; what trained rows start from
                assertThat(more).isBetween(0L, isQuantized ? Long.MAX_VALUE : 2048L); // codes are not shared here
            }
        }
    }

    private static LoraConfig lora(List<String> saved, List<Integer> tokens) {
        return new LoraConfig(
                "lora",
                2,
                4,
                0,
                List.of("q_proj", "v_proj"),
                List.of(),
                List.of(),
                Map.of(),
                Map.of(),
                false,
                false,
                saved,
                true,
                tokens,
                Optional.empty());
    }

    /** Writes a model whose embedding has 31 rows of 96. */
    private Architecture llama(FloatType stored) throws Exception {
        Families.Known llama = TinyTypes.all()
                .filter(type -> type.modelType().equals("llama"))
                .findFirst()
                .orElseThrow();
        SafetensorsFile weights = TinyTypes.wide(folder, llama);
        boolean isNarrow = stored == FloatType.BFLOAT16;
        (isNarrow ? weights.inBfloat16() : weights).aligned().write(folder.resolve("model.safetensors"));
        Path config = folder.resolve("config.json");
        String dtype = isNarrow ? "bfloat16" : "float32";
        Files.writeString(config, Files.readString(config).replaceFirst("\\{", "{\"torch_dtype\": \"" + dtype + "\","));
        return Architecture.read(Folder.local(folder));
    }

    private static Parameter named(Architecture architecture, String name) {
        return architecture.parameters().stream()
                .filter(parameter -> parameter.name().equals(name))
                .findFirst()
                .orElseThrow();
    }
}
