package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.InvalidInputException;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the files beside tokenizer.json change of a tokenizer; lib/bench/clients/tokenizer_ids.py has the real ones. */
final class TokenizerFilesTest {
    @TempDir
    Path folder;

    @Test
    void theSpecialTokensMapNamesTokens() throws IOException {
        write("{}", "special_tokens_map.json", "{'eos_token': {'content': '</s>'}, 'pad_token': '<s>'}");
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            assertThat(tokenizer.endToken()).hasValue(TinyTokenizer.END);
            assertThat(tokenizer.padToken()).hasValue(TinyTokenizer.BEGIN);
        }
    }

    @Test
    void theMapComesBeforeAConfigThatListsNoTokens() throws IOException {
        String map = "{'eos_token': '</s>'}";
        write("{'eos_token': 'abc'}", "special_tokens_map.json", map);
        assertThat(end()).hasValue(TinyTokenizer.END);
        write("{'eos_token': 'abc', 'added_tokens_decoder': {}}", "special_tokens_map.json", map);
        assertThat(end()).hasValue(257);
    }

    @ParameterizedTest
    @CsvSource({"LlamaTokenizer, 259", "RobertaTokenizerFast, 259", "PreTrainedTokenizerFast, -1", "GPT2Tokenizer, -1"})
    void aClassHasTokensOfItsOwn(String name, int expected) throws IOException {
        write("{'tokenizer_class': '%s'}".formatted(name));
        assertThat(end().orElse(-1)).isEqualTo(expected); // GPT-2's is none of this vocabulary's
    }

    @Test
    void theModelTellsTheClass() throws IOException {
        write("{}", "config.json", "{'model_type': 'mistral'}");
        Files.delete(folder.resolve("tokenizer_config.json"));
        assertThat(end()).hasValue(TinyTokenizer.END);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "16777216", "2000000000", "99999999999"})
    void anIdThatNoVocabularyHasIsRefused(String id) throws IOException {
        write("{}");
        String json = Files.readString(folder.resolve("tokenizer.json"));
        Files.writeString(
                folder.resolve("tokenizer.json"), json.replace("\"vocab\":{", "\"vocab\":{\"zz\":" + id + ","));

        assertThatThrownBy(() -> Tokenizer.open(folder))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("tokenizer.json: the id of 'zz' must be between 0 and 16777216, got " + id);
    }

    @Test
    void manyListedTokensTakeNoTime() throws IOException {
        StringBuilder listed = new StringBuilder("{");
        for (int i = 0; i < 200_000; i++) {
            listed.append(i == 0 ? "" : ",")
                    .append("'t")
                    .append(i)
                    .append("': ")
                    .append(260 + i);
        }
        write("{}", "added_tokens.json", listed.append("}").toString());

        assertThat(TokenizerJson.read(Folder.local(folder))
                        .tokenizer()
                        .path("added_tokens")
                        .size())
                .isEqualTo(200_003);
    }

    @Test
    void noFileIsReadThroughALinkOutOfTheFolder() throws IOException {
        for (String name : List.of("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")) {
            write("{}", "chat_template.jinja", "x");
            Path outside = Files.createTempFile("outside", name);
            Files.move(folder.resolve(name), outside, StandardCopyOption.REPLACE_EXISTING);
            Files.createSymbolicLink(folder.resolve(name), outside);

            assertThatThrownBy(() -> {
                        Tokenizer.open(folder).close();
                        ChatFormat.TokenizerFiles.read(Folder.local(folder));
                    })
                    .as(name)
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageStartingWith(folder.resolve(name) + " is a link out of its folder");
            Files.delete(folder.resolve(name));
            Files.delete(outside);
        }
    }

    @Test
    void nullIsNoToken() throws IOException {
        write("{'tokenizer_class': 'LlamaTokenizer', 'eos_token': null}");
        assertThat(end()).isEmpty();
    }

    @Test
    void paddingNamesThePaddingTokenWhereNothingElseDoes() throws IOException {
        write("{}");
        ObjectNode tree = TokenizerJson.tree(Files.readString(folder.resolve("tokenizer.json")), "");
        ((ObjectNode) tree.get("padding")).put("pad_token", "abc");
        Files.writeString(folder.resolve("tokenizer.json"), tree.toString());
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            assertThat(tokenizer.padToken()).hasValue(257);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'additional_special_tokens': ['<turn>']}",
                "{'additional_special_tokens': [{'content': '<turn>', 'normalized': false}]}",
                "{'extra_special_tokens': ['<turn>']}",
                "{'extra_special_tokens': {'turn_token': '<turn>'}}",
                "{'added_tokens_decoder': {'260': {'content': '<turn>', 'special': true}}}",
                "{'eos_token': '<turn>'}"
            })
    void tokensOfTheConfigAreFoundWhole(String config) throws IOException {
        write(config);
        assertThat(plain("a<turn> b")).containsExactly('a', 260, ' ', 'b');
    }

    @Test
    void tokensOfOlderFilesAreFoundWhole() throws IOException {
        write("{}", "added_tokens.json", "{'<b>': 261, '<a>': 260}");
        assertThat(plain("<b>x<a>")).containsExactly(261, 'x', 260);
        Files.delete(folder.resolve("added_tokens.json"));
        write("{}", "special_tokens_map.json", "{'additional_special_tokens': ['<turn>']}");
        assertThat(plain("<turn>x")).containsExactly(260, 'x');
    }

    @Test
    void theListOfAddedTokensSaysHowOneIsFound() throws IOException {
        write("{'added_tokens_decoder': {'259': {'content': '</s>', 'rstrip': true, 'special': true}}}");
        assertThat(plain("a</s>  b")).containsExactly('a', TinyTokenizer.END, 'b');
    }

    @Test
    void aTokenOfTheVocabularyKeepsItsId() throws IOException {
        write("{'additional_special_tokens': ['abc']}");
        assertThat(plain("xabc")).containsExactly('x', 257);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "LlamaTokenizer | 'add_bos_token': false | x",
                "LlamaTokenizer | 'add_eos_token': true | <s>x</s>",
                "LlamaTokenizer | 'legacy': true | <s>x",
                "GemmaTokenizer | 'bos_token': '<s>', 'add_bos_token': false | x",
                "PreTrainedTokenizerFast | 'add_bos_token': false | <s>x",
                "Qwen2Tokenizer | 'eos_token': '</s>', 'add_eos_token': true | <s>x"
            })
    void keysAddTokensWhereTheClassLetsThem(String name, String keys, String expected) throws IOException {
        write("{'tokenizer_class': '%s', %s}".formatted(name, keys));
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            assertThat(tokenizer.text(tokenizer.encode("x").ids())).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'tokenizer_class': 'GPT2Tokenizer', 'add_prefix_space': true} | 2",
                "{'tokenizer_class': 'GPT2Tokenizer'} | 1",
                "{'add_prefix_space': true} | 2",
                "{} | 1"
            })
    void aSpaceBeforeTheTextWhereTheConfigSays(String config, int tokens) throws IOException {
        write(config);
        assertThat(plain("abc")).hasSize(tokens).endsWith(257);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'split_special_tokens': true} | split_special_tokens true spells special tokens letter by letter",
                "{'tokenizer_class': 'LlamaTokenizer', 'bos_token': null, 'add_bos_token': true}"
                        + " | add_bos_token is true, but there is no bos_token",
            })
    void refusesKeysThatContradictTheTokens(String config, String part) throws IOException {
        write(config);
        assertInvalid(part);
    }

    @Test
    void refusesAPrefixThatTokenizerJsonDoesNotHave() throws IOException {
        write("{'tokenizer_class': 'LlamaTokenizer', 'add_prefix_space': true}");
        ObjectNode tree = TokenizerJson.tree(Files.readString(folder.resolve("tokenizer.json")), "");
        tree.putNull("pre_tokenizer");
        Files.writeString(folder.resolve("tokenizer.json"), tree.toString());
        assertInvalid("add_prefix_space is true, but tokenizer.json puts no space before a text");
    }

    private void write(String config, String... nameAndText) throws IOException {
        TinyTokenizer.write(folder, config.replace('\'', '"'));
        for (int i = 0; i < nameAndText.length; i += 2) {
            Files.writeString(folder.resolve(nameAndText[i]), nameAndText[i + 1].replace('\'', '"'));
        }
    }

    private OptionalInt end() {
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            return tokenizer.endToken();
        }
    }

    private int[] plain(String text) {
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            return tokenizer.encodePlain(text).ids();
        }
    }

    private void assertInvalid(String part) {
        assertThatThrownBy(() -> Tokenizer.open(folder))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(part);
    }
}
