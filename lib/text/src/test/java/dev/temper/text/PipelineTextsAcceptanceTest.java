package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.StreamSupport;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * Continuations as transformers 4.57.1's text-generation pipeline gives them, of random tokens after 50 prompts on each
 * of 11 tokenizers; {@code lib/bench/clients/pipeline_texts.py} made them.
 */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class PipelineTextsAcceptanceTest {
    private static final Path TOKENIZERS = Path.of(System.getProperty("temper.shared", ""), "fixtures", "tokenizers");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Map<String, String> CLASSES = Map.of(
            "bert_base_cased", "BertTokenizer",
            "bert_base_uncased", "BertTokenizer",
            "gpt2", "GPT2Tokenizer",
            "roberta_base", "RobertaTokenizer");

    @TempDir
    Path folder;

    @Test
    void continuationsAreThoseOfThePipelineAtOnceAndStreamed() throws IOException {
        JsonNode golden;
        try (InputStream in = PipelineTextsAcceptanceTest.class.getResourceAsStream("/golden/pipeline_texts.json.gz")) {
            golden = JSON.readTree(new GZIPInputStream(in));
        }
        assertThat(golden.path("prompts")).hasSize(50);
        assertThat(golden.path("texts")).hasSize(11);
        for (Map.Entry<String, JsonNode> rows : golden.path("texts").properties()) {
            try (Tokenizer tokenizer = Tokenizer.open(tokenizer(rows.getKey()))) {
                for (int i = 0; i < rows.getValue().size(); i++) {
                    String prompt = golden.path("prompts").path(i).textValue();
                    JsonNode row = rows.getValue().path(i);
                    int[] asked = tokenizer.encode(prompt).ids();
                    int[] answer = StreamSupport.stream(row.path("answer").spliterator(), false)
                            .mapToInt(JsonNode::intValue)
                            .toArray();
                    String text = row.path("new").textValue();

                    assertThat(tokenizer.continuation(asked, answer))
                            .as("%s after '%s'", rows.getKey(), prompt)
                            .isEqualTo(text);
                    assertThat(streamed(tokenizer, asked, answer)).isEqualTo(text);
                }
            }
        }
    }

    private static String streamed(Tokenizer tokenizer, int[] asked, int[] answer) {
        StreamedText text = new StreamedText(tokenizer, asked);
        StringBuilder all = new StringBuilder();
        for (int token : answer) {
            all.append(text.add(token));
        }
        return all.append(text.end()).toString();
    }

    /** With the class that a model's config.json would tell. */
    private Path tokenizer(String name) throws IOException {
        Path target = Files.createDirectories(folder.resolve(name));
        for (String file : new String[] {"tokenizer.json", "special_tokens_map.json", "tokenizer_config.json"}) {
            if (Files.exists(TOKENIZERS.resolve(name).resolve(file))) {
                Files.copy(TOKENIZERS.resolve(name).resolve(file), target.resolve(file));
            }
        }
        Path config = target.resolve("tokenizer_config.json");
        ObjectNode tree = Files.exists(config) ? (ObjectNode) JSON.readTree(config.toFile()) : JSON.createObjectNode();
        if (!tree.has("tokenizer_class")) {
            tree.put("tokenizer_class", CLASSES.get(name));
        }
        JSON.writeValue(config.toFile(), tree);
        return target;
    }
}
