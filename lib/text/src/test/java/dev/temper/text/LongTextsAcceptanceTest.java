package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The longest texts of one kind that a published tokenizer's native code takes without ending the process. */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class LongTextsAcceptanceTest {
    private static final Path TOKENIZERS = Path.of(System.getProperty("temper.shared", "."), "fixtures/tokenizers");

    @ParameterizedTest
    @CsvSource({"llama3", "qwen2.5"})
    void aRunAtTheLimitIsTokenizedAndALongerOneRefused(String name) {
        try (Tokenizer tokenizer = Tokenizer.open(TOKENIZERS.resolve(name))) {
            String most = " ".repeat(1_000_000);
            int[] ids = tokenizer.ids(List.of(most), Tokenizer.Added.NOTHING).get(0);

            assertThat(tokenizer.decode(ids)).isEqualTo(most);
            assertThat(tokenizer.refusal("a" + most + "a")).isEmpty();
            assertThat(tokenizer.refusal(" ".repeat(12_000_000)))
                    .hasValue("12,000,000 blanks, letters, digits or signs on end, and the patterns of its tokenizer"
                            + " take 1,000,000 at most");
            assertThat(tokenizer.refusal("lorem ipsum ".repeat(100_000))).isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource({"gpt2", "gpt_neo", "roberta_base", "llama2", "phi3_mini", "mistral_v1", "bert_base_uncased"})
    void whereNoPatternOfTheFileSplitsTextsNoneIsRefused(String name) {
        try (Tokenizer tokenizer = Tokenizer.open(TOKENIZERS.resolve(name))) {
            assertThat(tokenizer.refusal(" ".repeat(12_000_000))).isEmpty();
        }
    }
}
