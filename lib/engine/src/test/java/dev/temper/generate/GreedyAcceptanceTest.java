package dev.temper.generate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.kernel.Workspace;
import dev.temper.model.Differences;
import dev.temper.model.GoldenModels;
import dev.temper.model.Network;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Greedy continuations against transformers' generate. */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class GreedyAcceptanceTest {
    @ParameterizedTest
    @MethodSource("dev.temper.model.GoldenModels#causalModels")
    void continuesAsTransformersDoes(GoldenModels goldens, String model) throws Exception {
        try (Workspace workspace = Workspace.open(1)) {
            Network network = Network.load(workspace, goldens.architecture(model), goldens.weights(model));
            Generator generator = new Generator(network);
            List<int[]> prompts = new ArrayList<>();
            List<int[]> expected = new ArrayList<>();
            for (JsonNode run : goldens.json("models/" + model + "/greedy.json").path("runs")) {
                prompts.add(GoldenModels.ints(run.path("prompt")));
                expected.add(
                        GoldenModels.ints(run.path(run.path("same").asBoolean() ? "tokens" : "tokens_without_cache")));
            }

            List<int[]> together = generator.generate(prompts, GenerationConfig.greedy(20), Set.of(), 0);

            for (int i = 0; i < prompts.size(); i++) {
                assertThat(together.get(i)).isEqualTo(expected.get(i));
                Differences.of(model).check("greedy tokens", 0, 1);
                assertThat(generator
                                .generate(List.of(prompts.get(i)), GenerationConfig.greedy(20), Set.of(), 0)
                                .get(0))
                        .isEqualTo(expected.get(i));
            }
        }
    }
}
