package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** lib/bench/clients/tokenizer_ids.py opens what is saved with transformers 4 and 5. */
final class SavedTokenizerTest {
    private static final String TEXT = "abc<s> ab</s>  c";

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'tokenizer_class': 'PreTrainedTokenizerFast', 'eos_token': '</s>', 'pad_token': null}",
                "{'tokenizer_class': 'LlamaTokenizerFast', 'pad_token': null}" // of bytes: taken as it is by both
            })
    void filesThatBothGenerationsReadAlikeStayAsTheyAre(String config) throws IOException {
        TinyTokenizer.write(folder, config.replace('\'', '"'));
        String tokenizer = Files.readString(folder.resolve("tokenizer.json"));
        settle();
        assertThat(folder.resolve("tokenizer_config.json")).hasContent(config.replace('\'', '"'));
        assertThat(folder.resolve("tokenizer.json")).hasContent(tokenizer);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'tokenizer_class': 'GPT2Tokenizer', 'eos_token': '</s>'}", // words: not cut by GPT-2's rule
                "{'tokenizer_class': 'LlamaTokenizer', 'add_eos_token': true}",
                "{'tokenizer_class': 'LlamaTokenizer', 'add_bos_token': false}",
                "{'tokenizer_class': 'TokenizersBackend', 'eos_token': '</s>'}",
                "{'tokenizer_class': 'PreTrainedTokenizerFast', 'extra_special_tokens': ['</s>', '<turn>']}",
                "{'tokenizer_class': 'PreTrainedTokenizerFast', 'add_prefix_space': true}",
                "{'eos_token': '</s>', 'add_prefix_space': true}"
            })
    void othersNameTheClassThatTakesAllOfTokenizerJson(String config) throws IOException {
        TinyTokenizer.write(folder, config.replace('\'', '"'));
        Ids before = ids();
        settle();
        JsonNode written = config();
        assertThat(written.path("tokenizer_class").asText()).isEqualTo("PreTrainedTokenizerFast");
        assertThat(written.path("extra_special_tokens").isArray()).isFalse();
        assertThat(written.path("added_tokens_decoder")
                        .path("259")
                        .path("content")
                        .asText())
                .isEqualTo("</s>");
        assertThat(ids()).isEqualTo(before);
        String once = Files.readString(folder.resolve("tokenizer.json"));
        settle();
        assertThat(folder.resolve("tokenizer.json")).hasContent(once);
    }

    @Test
    void saysWhatWasTheClassesOwn() throws IOException {
        TinyTokenizer.write(
                folder, "{\"tokenizer_class\": \"LlamaTokenizer\", \"add_eos_token\": true, \"legacy\": false}");
        settle();
        JsonNode written = config();
        assertThat(written.path("bos_token").asText()).isEqualTo("<s>");
        assertThat(written.path("eos_token").asText()).isEqualTo("</s>");
        assertThat(written.path("padding_side").asText()).isEqualTo("left");
        assertThat(written.path("add_eos_token").asBoolean()).isTrue();
        assertThat(written.path("model_input_names"))
                .extracting(JsonNode::asText)
                .containsExactly("input_ids", "attention_mask");
        assertThat(written.has("legacy")).isFalse();
    }

    @Test
    void piecesWithASpaceBeforeEachPartAreRewritten() throws IOException {
        TinyTokenizer.write(folder, "{\"tokenizer_class\": \"LlamaTokenizer\"}");
        ObjectNode tree = TokenizerJson.tree(Files.readString(folder.resolve("tokenizer.json")), "");
        tree.putNull("pre_tokenizer");
        tree.putObject("normalizer").put("type", "Prepend").put("prepend", "x");
        Files.writeString(folder.resolve("tokenizer.json"), tree.toString());
        settle(); // transformers 5 would put a space before the text alone
        assertThat(config().path("tokenizer_class").asText()).isEqualTo("PreTrainedTokenizerFast");
    }

    @Test
    void theModelsConfigTellsTheClassOfAnAdaptersTokenizer() throws IOException {
        Path base = Files.createDirectory(folder.resolve("base"));
        Files.writeString(base.resolve("config.json"), "{\"model_type\": \"llama\"}");
        TinyTokenizer.write(folder, "{}");
        SavedTokenizer.settle(Folder.local(folder), Folder.local(base));
        assertThat(config().path("eos_token").asText()).isEqualTo("</s>");
    }

    @Test
    void aVocabularyGetsItsTokenizerJson() throws IOException {
        Files.writeString(folder.resolve("vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nab\n##c\n");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"tokenizer_class\": \"BertTokenizer\"}");
        Ids before = ids();
        settle();
        assertThat(folder.resolve("tokenizer.json")).exists();
        Files.delete(folder.resolve("vocab.txt"));
        assertThat(ids()).isEqualTo(before);
    }

    @Test
    void aFolderWithoutATokenizerStaysWithoutOne() throws IOException {
        settle();
        assertThat(folder).isEmptyDirectory();
    }

    private record Ids(List<Integer> special, List<Integer> plain, int end) {}

    private Ids ids() {
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            return new Ids(
                    java.util.Arrays.stream(tokenizer.encode(TEXT).ids())
                            .boxed()
                            .toList(),
                    java.util.Arrays.stream(tokenizer.encodePlain(TEXT).ids())
                            .boxed()
                            .toList(),
                    tokenizer.endToken().orElse(-1));
        }
    }

    private JsonNode config() throws IOException {
        return TokenizerJson.tree(Files.readString(folder.resolve("tokenizer_config.json")), "");
    }

    private void settle() throws IOException {
        SavedTokenizer.settle(Folder.local(folder), Folder.local(folder));
    }
}
