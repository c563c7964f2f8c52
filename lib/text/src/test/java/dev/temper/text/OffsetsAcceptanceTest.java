package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.text.Tokenizer.Added;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Where the tokens of byte-level vocabularies lie is where the library has them, which may leave out spaces at the end.
 */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class OffsetsAcceptanceTest {
    private final Goldens goldens = Goldens.find();

    @ParameterizedTest
    @ValueSource(strings = {"llama3", "qwen2.5", "gpt2", "roberta_base"})
    void areThoseOfTheLibrary(String name) throws IOException {
        List<String> texts = new ArrayList<>();
        JsonNode inputs = Goldens.JSON.readTree(goldens.fixture("encodings/swift_transformers/multilingual/inputs.json")
                .toFile());
        inputs.get("inputs").forEach(input -> texts.add(input.get("text").asText()));
        goldens.csv("datasets/imdb/imdb_sample_1000.csv").stream().limit(50).forEach(row -> texts.add(row.get(0)));
        Path folder = goldens.fixture("tokenizers/" + name);
        Map<String, String> options = Map.of("truncation", "false", "padding", "false");
        try (Tokenizer tokenizer = Tokenizer.open(folder);
                HuggingFaceTokenizer library =
                        HuggingFaceTokenizer.newInstance(folder.resolve("tokenizer.json"), options)) {
            List<Encoding> encodings = tokenizer.encode(texts, Added.SPECIAL_TOKENS);
            for (int i = 0; i < texts.size(); i++) {
                assertEqual(
                        encodings.get(i),
                        library.encode(texts.get(i), true, false).getCharTokenSpans(),
                        texts.get(i));
            }
        }
    }

    private static void assertEqual(Encoding encoding, CharSpan[] spans, String text) {
        assertThat(spans).hasSize(encoding.length());
        for (int i = 0; i < spans.length; i++) {
            assertThat(encoding.special()[i]).isEqualTo(spans[i] == null);
            if (spans[i] != null) {
                int start = text.offsetByCodePoints(0, spans[i].getStart());
                int end = text.offsetByCodePoints(0, spans[i].getEnd());
                assertThat(encoding.starts()[i]).as(text).isLessThanOrEqualTo(start);
                assertThat(text.substring(encoding.starts()[i], start)).as(text).isBlank();
                assertThat(text.substring(end, encoding.ends()[i])).as(text).isBlank();
            }
        }
    }
}
