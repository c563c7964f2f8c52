package dev.temper.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.model.GoldenModels;
import dev.temper.safetensors.TensorFiles;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Probabilities against transformers' logits processors, for all settings that we have. */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class SamplingAcceptanceTest {
    private static final Set<String> OURS = Set.of("temperature", "top_k", "top_p", "min_p", "repetition_penalty");
    private static final int FIRST_ROW_WITH_TIES = 4;

    static Stream<Arguments> cases() throws Exception {
        Stream.Builder<Arguments> all = Stream.builder();
        for (GoldenModels goldens : GoldenModels.all().toList()) {
            for (JsonNode node :
                    goldens.json("misc/sampling.json").path("cases").findParents("settings")) {
                Stream.Builder<String> names = Stream.builder();
                node.path("settings").fieldNames().forEachRemaining(names);
                if (names.build().allMatch(OURS::contains)) {
                    all.add(Arguments.of(goldens, node));
                }
            }
        }
        return all.build();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void keepsWhatTransformersKeeps(GoldenModels goldens, JsonNode golden) throws Exception {
        JsonNode history = goldens.json("misc/sampling.json").path("history");
        TensorFiles files = TensorFiles.open(goldens.root().resolve("misc"), "sampling");
        float[] logits = GoldenModels.floats(files, "logits");
        float[] expected = GoldenModels.floats(
                files, "probabilities_" + golden.path("case").asInt());
        Sampler sampler = new Sampler(config(golden.path("settings")), 0);
        int width = logits.length / history.size();
        for (int row = 0; row < history.size(); row++) {
            float[] own = Arrays.copyOfRange(logits, row * width, (row + 1) * width);
            sampler.penalize(own, GoldenModels.ints(history.path(row)));

            double[] probabilities = sampler.probabilities(own);

            assertThat(Arrays.stream(probabilities).filter(p -> p > 0).count())
                    .as("kept in row %d", row)
                    .isEqualTo(golden.path("kept_tokens").path(row).asLong());
            double[] values = IntStream.range(row * width, (row + 1) * width)
                    .mapToDouble(i -> expected[i])
                    .toArray();
            if (row >= FIRST_ROW_WITH_TIES) { // which of equal logits top_p keeps is an accident
                Arrays.sort(values);
                Arrays.sort(probabilities);
            }
            assertThat(probabilities).as("row %d", row).containsExactly(values, within(1e-6));
        }
    }

    private static GenerationConfig config(JsonNode settings) {
        return new GenerationConfig(
                List.of(),
                0,
                1,
                true,
                settings.path("temperature").asDouble(1),
                settings.path("top_k").asInt(0),
                settings.path("top_p").asDouble(1),
                settings.path("min_p").asDouble(0),
                settings.path("repetition_penalty").asDouble(1));
    }
}
