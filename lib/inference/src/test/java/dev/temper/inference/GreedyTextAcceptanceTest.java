package dev.temper.inference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.generate.GenerationConfig;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** Texts of a real small model against those of transformers 4.57.1's pipeline with {@code return_full_text=False}. */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class GreedyTextAcceptanceTest {
    private static final Path STORIES = Path.of(System.getProperty("temper.shared", ""), "fixtures/models/stories260K");
    private static final List<String> PROMPTS =
            List.of("Once upon a time, there was a little girl named Lily.", "The cat");
    private static final List<String> TEXTS = List.of(
            " She loved to play outside in the park. One day, she saw a big, red ball. She wanted to play with it, "
                    + "but it was",
            " and a boy were playing in the park. They liked to play with their toys and run around the park. They li");

    @Test
    void writesAndStreamsWhatTransformersWrites() throws Exception {
        GenerationConfig greedy = GenerationConfig.greedy(40);
        try (TextGenerator generator = TextGenerator.open(STORIES)) {
            assertThat(generator.generate(PROMPTS, greedy)).isEqualTo(TEXTS);
            for (int i = 0; i < PROMPTS.size(); i++) {
                StringBuilder text = new StringBuilder();
                generator.stream(PROMPTS.get(i), greedy, text::append);
                assertThat(text).hasToString(TEXTS.get(i));
            }
        }
    }
}
