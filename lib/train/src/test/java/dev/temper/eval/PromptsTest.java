package dev.temper.eval;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.generate.GenerationConfig;
import dev.temper.kernel.Workspace;
import dev.temper.model.Network;
import dev.temper.model.TinyModel;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
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

    @TempDir
    Path folder;

    @Test
    void promptThatDoesNotFitByItselfIsNamed() throws Exception {
        TinyModel.weights(folder, WIDE_HEADS).write(folder.resolve("model.safetensors"));
        Prompts.Question question = new Prompts.Question("a question", new int[] {1, 2, 3});
        GenerationConfig config = GenerationConfig.greedy(Integer.MAX_VALUE - 3);
        Prompts prompts = new Prompts(null, config, List.of(question, question, question), List.of(), Set.of());
        try (Workspace workspace = Workspace.open(1);
                Network network = Network.open(workspace, folder)) {
            assertThatThrownBy(() -> prompts.answer(network, new Prompts.Round(0, 1, () -> false), 0, 1))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContainingAll(
                            "a prompt of 3 tokens and an answer of 2,147,483,644", "generation.max_new_tokens");
        }
    }
}
