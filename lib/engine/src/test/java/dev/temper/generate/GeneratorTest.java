package dev.temper.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import dev.temper.kernel.Workspace;
import dev.temper.model.Architecture;
import dev.temper.model.Network;
import dev.temper.model.TinyModel;
import dev.temper.model.TokenStream;
import dev.temper.safetensors.TensorFiles;
import dev.temper.storage.Folder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class GeneratorTest {
    private static final List<int[]> PROMPTS =
            List.of(new int[] {3, 14, 15, 9, 26, 5}, new int[] {7}, new int[] {2, 7, 18, 28, 18, 28, 4, 5, 9});

    @TempDir
    Path folder;

    private Workspace workspace;

    @BeforeEach
    void open() {
        workspace = Workspace.open(1);
    }

    @AfterEach
    void close() {
        workspace.close();
    }

    @ParameterizedTest
    @EnumSource
    void takesTheBestTokenOfTheWholeTextComputedAgain(TinyModel model) throws Exception {
        Network network = network(model);

        List<int[]> answers = new Generator(network).generate(PROMPTS, GenerationConfig.greedy(12), Set.of(), 0);

        for (int i = 0; i < PROMPTS.size(); i++) {
            int[] text = PROMPTS.get(i);
            for (int token : answers.get(i)) {
                assertThat(token).isEqualTo(best(network, text));
                text = IntStream.concat(Arrays.stream(text), IntStream.of(token))
                        .toArray();
            }
            assertThat(answers.get(i)).hasSize(12);
        }
    }

    @ParameterizedTest
    @EnumSource
    void answersTogetherAsAlone(TinyModel model) throws Exception {
        Generator generator = new Generator(network(model));

        List<int[]> together = generator.generate(PROMPTS, GenerationConfig.greedy(9), Set.of(), 0);

        for (int i = 0; i < PROMPTS.size(); i++) {
            assertThat(together.get(i))
                    .isEqualTo(generator
                            .generate(List.of(PROMPTS.get(i)), GenerationConfig.greedy(9), Set.of(), 0)
                            .get(0));
        }
    }

    @Test
    void aStopTokenEndsItsOwnSequenceAlone() throws Exception {
        Generator generator = new Generator(network(TinyModel.LLAMA));
        List<int[]> free = generator.generate(PROMPTS, GenerationConfig.greedy(9), Set.of(), 0);
        int stop = free.get(2)[3];

        List<int[]> stopped = generator.generate(PROMPTS, GenerationConfig.greedy(9), Set.of(stop), 0);

        for (int i = 0; i < free.size(); i++) {
            int[] expected = free.get(i);
            int end = IntStream.range(0, expected.length)
                    .filter(k -> expected[k] == stop)
                    .findFirst()
                    .orElse(expected.length - 1);
            assertThat(stopped.get(i)).isEqualTo(Arrays.copyOf(expected, end + 1));
        }
        assertThat(stopped.stream().mapToInt(answer -> answer.length).distinct().count())
                .isGreaterThan(1);
    }

    @Test
    void drawsTheSameTextFromTheSameSeed() throws Exception {
        Generator generator = new Generator(network(TinyModel.LLAMA));
        GenerationConfig sampled = new GenerationConfig(List.of(), 0, 16, true, 1, 0, 1, 0, 1);
        List<int[]> twice = List.of(PROMPTS.get(0), PROMPTS.get(0));

        List<int[]> first = generator.generate(twice, sampled, Set.of(), 5);

        assertThat(generator.generate(twice, sampled, Set.of(), 5))
                .usingRecursiveComparison()
                .isEqualTo(first);
        assertThat(generator.generate(twice, sampled, Set.of(), 6).get(0)).isNotEqualTo(first.get(0));
        assertThat(first.get(1)).isNotEqualTo(first.get(0)); // sequences draw for themselves
    }

    @Test
    void endsWhereLearnedPositionsEnd() throws Exception {
        Generator generator = new Generator(network(TinyModel.GPT_NEO));
        int[] prompt = new int[36];

        assertThat(generator
                        .generate(List.of(prompt), GenerationConfig.greedy(20), Set.of(), 0)
                        .get(0))
                .hasSize(4);
        assertThatThrownBy(() -> generator.generate(
                        List.of(new int[] {1}, new int[40]), GenerationConfig.greedy(20), Set.of(), 0))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("generation.prompts: prompt 2 has 40 tokens, the model has 40 positions");
    }

    @Test
    void refusesAPromptWithoutTokens() throws Exception {
        Generator generator = new Generator(network(TinyModel.LLAMA));

        assertThatThrownBy(() -> generator.generate(List.of(new int[0]), GenerationConfig.greedy(1), Set.of(), 0))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("generation.prompts: prompt 1 has no tokens");
    }

    private Network network(TinyModel model) throws Exception {
        model.write(folder);
        return Network.load(workspace, Architecture.read(Folder.local(folder)), TensorFiles.open(folder, "model"));
    }

    private static int best(Network network, int[] text) {
        return Workspace.scoped(() -> {
            float[] logits = network.logits(TokenStream.of(List.of(text)), new int[] {text.length - 1})
                    .toFloatArray();
            return IntStream.range(0, logits.length)
                    .reduce((a, b) -> logits[b] > logits[a] ? b : a)
                    .orElseThrow();
        });
    }
}
