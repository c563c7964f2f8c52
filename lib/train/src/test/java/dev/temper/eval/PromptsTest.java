package dev.temper.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.FailedRunException;
import dev.temper.generate.GenerationConfig;
import dev.temper.kernel.Workspace;
import dev.temper.model.Network;
import dev.temper.model.TinyModel;
import dev.temper.text.TokenRow;
import dev.temper.text.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PromptsTest {
    // Keys of a token take 128 kB, those of 2^31 tokens more than a processor can address.
    private static final String WIDE_HEADS =
            """
            {"model_type": "llama", "vocab_size": 31, "hidden_size": 8, "num_hidden_layers": 1,
             "num_attention_heads": 8, "num_key_value_heads": 8, "head_dim": 4096, "intermediate_size": 8,
             "max_position_embeddings": 40}
            """;

    private static final String SMALL = WIDE_HEADS.replace("4096", "4");
    private static final String PIECES =
            """
            {"version": "1.0", "added_tokens": [],
             "model": {"type": "WordLevel", "unk_token": "\u2581w0", "vocab": {%s}},
             "decoder": {"type": "Sequence", "decoders": [
               {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}, {"type": "Fuse"},
               {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}}
            """;

    @TempDir
    Path folder;

    /** As the text goes on behind the prompt. */
    @Test
    void answersAndWhatIsExpectedKeepTheirFirstSpace() throws Exception {
        TinyModel.weights(folder, SMALL).write(folder.resolve("model.safetensors"));
        String words = IntStream.range(0, 31)
                .mapToObj(i -> "\"\u2581w%d\": %d".formatted(i, i))
                .collect(Collectors.joining(", "));
        Files.writeString(folder.resolve("tokenizer.json"), PIECES.formatted(words));
        Files.writeString(folder.resolve("tokenizer_config.json"), "{}");
        GenerationConfig config = new GenerationConfig(List.of(), 1, 4, false, 1, 0, 1, 0, 1);
        TokenRow row = new TokenRow(new int[] {3, 4, 5, 6}, new boolean[] {false, false, true, true});
        try (Workspace workspace = Workspace.open(1);
                Network network = Network.open(workspace, folder);
                Tokenizer tokenizer = Tokenizer.open(folder)) {
            List<Prompts.Question> questions = List.of(new Prompts.Question("w7", new int[] {7}));
            Prompts prompts = new Prompts(tokenizer, config, questions, List.of(row), Set.of());

            List<Sample> samples = prompts.answer(network, new Prompts.Round(0, 1, () -> false), 0, 1);

            assertThat(samples).extracting(Sample::prompt).containsExactly("w7", "w3 w4");
            assertThat(samples).extracting(Sample::expected).containsExactly("", " w5 w6");
            assertThat(samples).extracting(Sample::text).allMatch(text -> text.matches("( w\\d+){4}"));
        }
    }

    @Test
    void promptThatDoesNotFitByItselfIsNamed() throws Exception {
        TinyModel.weights(folder, WIDE_HEADS).write(folder.resolve("model.safetensors"));
        Prompts.Question question = new Prompts.Question("a question", new int[] {1, 2, 3});
        GenerationConfig config = GenerationConfig.greedy(Integer.MAX_VALUE - 3);
        Prompts prompts = new Prompts(null, config, List.of(question, question, question), List.of(), Set.of());
        try (Workspace workspace = Workspace.open(1);
                Network network = Network.open(workspace, folder)) {
            assertThatThrownBy(() -> prompts.answer(network, new Prompts.Round(0, 1, () -> false), 0, 1))
                    .isInstanceOf(FailedRunException.class)
                    .hasMessageContainingAll(
                            "a prompt of 3 tokens and an answer of 2,147,483,644", "generation.max_new_tokens");
        }
    }
}
