package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.text.Tokenizer.Added;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Token ids that other projects test their tokenizers with: llama.cpp without special tokens, swift-transformers with.
 */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class EncodingsAcceptanceTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String SEPARATOR = "\n__ggml_vocab_test__\n";

    private final Path shared = Path.of(System.getProperty("temper.shared")).resolve("fixtures");
    private final Path swift = shared.resolve("encodings/swift_transformers");

    @ParameterizedTest
    @CsvSource({
        "bert-bge, bert_base_uncased",
        "gpt-2, gpt2",
        "llama-bpe, llama3",
        "llama-spm, llama2",
        "phi-3, phi3_mini",
        "qwen2, qwen2.5",
        "roberta-bpe, roberta_base",
    })
    void equalThoseOfLlamaCpp(String file, String tokenizer) throws IOException {
        String name = "encodings/ggml-vocab-" + file + ".gguf";
        List<String> texts =
                List.of(Files.readString(shared.resolve(name + ".inp")).split(SEPARATOR, -1));
        List<int[]> ids = new ArrayList<>();
        for (String line : Files.readString(shared.resolve(name + ".out")).split("\n", -1)) {
            ids.add(line.isBlank() ? new int[0] : ints(List.of(line.strip().split(" "))));
        }
        assertThat(texts).hasSize(47);
        assertEqual(tokenizer, Added.NOTHING, texts, ids);
    }

    @ParameterizedTest
    @CsvSource({
        "bert-base-uncased, bert_base_uncased",
        "google-bert/bert-base-uncased, bert_base_uncased",
        "distilgpt2, gpt2",
        "coreml-projects/Llama-2-7b-chat-coreml, llama2",
        "pcuenq/Llama-3.2-1B-Instruct-tokenizer, llama3",
    })
    void equalThoseOfSwiftTransformers(String name, String tokenizer) throws IOException {
        List<String> texts = new ArrayList<>();
        List<int[]> ids = new ArrayList<>();
        for (JsonNode test : tree("tokenizer_tests.json").get(name)) {
            texts.add(test.get("input").asText());
            ids.add(ints(test.get("encoded").get("input_ids")));
        }
        assertThat(texts).hasSize(18);
        assertEqual(tokenizer, Added.SPECIAL_TOKENS, texts, ids);
    }

    @ParameterizedTest
    @CsvSource({
        "bert_uncased_encoded, bert_base_uncased",
        "gpt2_encoded_tokens, gpt2",
        "llama_3.2_encoded, llama3",
        "llama_encoded, llama2",
    })
    void equalThoseOfALongText(String file, String tokenizer) throws IOException {
        JsonNode test = tree(file + ".json");
        assertEqual(
                tokenizer,
                Added.SPECIAL_TOKENS,
                List.of(test.get("text").asText()),
                List.of(ints(test.get("token_ids"))));
    }

    @ParameterizedTest
    @CsvSource({
        "Qwen__Qwen2.5-0.5B, qwen2.5",
        "TinyLlama__TinyLlama-1.1B-Chat-v1.0, llama2",
        "openai-community__gpt2, gpt2",
    })
    void equalThoseOfManyLanguages(String file, String tokenizer) throws IOException {
        Map<String, String> inputs = new HashMap<>();
        tree("multilingual/inputs.json")
                .get("inputs")
                .forEach(input ->
                        inputs.put(input.get("id").asText(), input.get("text").asText()));
        List<String> texts = new ArrayList<>();
        List<int[]> ids = new ArrayList<>();
        for (Map.Entry<String, JsonNode> entry :
                tree("multilingual/" + file + ".json").get("entries").properties()) {
            texts.add(inputs.get(entry.getKey()));
            ids.add(ints(entry.getValue().get("input_ids")));
        }
        assertThat(texts).hasSizeGreaterThan(20).doesNotContainNull();
        assertEqual(tokenizer, Added.SPECIAL_TOKENS, texts, ids);
    }

    /** The texts of these are not at hand; their tokens spell them, or another text with the same tokens. */
    @ParameterizedTest
    @CsvSource({
        "gpt2_multilingual, gpt2",
        "qwen2_5_multilingual, qwen2.5",
        "roberta_base_multilingual, roberta_base",
        "tinyllama_multilingual, llama2",
        "bge_small_multilingual, bert_base_uncased"
    })
    void equalThoseOfTextsThatTheTokensSpell(String file, String tokenizer) throws IOException {
        List<int[]> ids = new ArrayList<>();
        tree("multilingual/" + file + ".json").get("entries").forEach(entry -> ids.add(ints(entry.get("input_ids"))));
        assertThat(ids).hasSize(83);
        List<String> texts = new ArrayList<>();
        try (Tokenizer opened = Tokenizer.open(shared.resolve("tokenizers/" + tokenizer))) {
            ids.forEach(row -> texts.add(spelled(row, opened)));
        }
        assertEqual(tokenizer, Added.SPECIAL_TOKENS, texts, ids);
    }

    private static String spelled(int[] ids, Tokenizer tokenizer) {
        StringBuilder text = new StringBuilder();
        int from = 0;
        for (int i = 0; i <= ids.length; i++) {
            boolean isUnknown = i < ids.length && tokenizer.text(ids[i]).equals("[UNK]");
            if (isUnknown || i == ids.length) {
                text.append(tokenizer.decode(Arrays.copyOfRange(ids, from, i))).append(isUnknown ? " [UNK] " : "");
                from = i + 1;
            }
        }
        return text.toString();
    }

    private void assertEqual(String name, Added added, List<String> texts, List<int[]> expected) {
        List<String> wrong = new ArrayList<>();
        try (Tokenizer tokenizer = Tokenizer.open(shared.resolve("tokenizers/" + name))) {
            List<int[]> ids = tokenizer.ids(texts, added);
            for (int i = 0; i < ids.size(); i++) {
                if (!Arrays.equals(ids.get(i), expected.get(i))) {
                    wrong.add("'%s'%n got  %s%n want %s"
                            .formatted(texts.get(i), Arrays.toString(ids.get(i)), Arrays.toString(expected.get(i))));
                }
            }
        }
        assertThat(wrong).isEmpty();
    }

    private JsonNode tree(String file) throws IOException {
        return JSON.readTree(swift.resolve(file).toFile());
    }

    private static int[] ints(JsonNode array) {
        return JSON.convertValue(array, int[].class);
    }

    private static int[] ints(List<String> numbers) {
        return numbers.stream().mapToInt(Integer::parseInt).toArray();
    }
}
