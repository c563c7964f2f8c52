package dev.temper.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.adapter.AdaptedModel;
import dev.temper.check.InvalidInputException;
import dev.temper.generate.GenerationConfig;
import dev.temper.generate.Generator;
import dev.temper.kernel.Workspace;
import dev.temper.model.ModelTask;
import dev.temper.model.Network;
import dev.temper.storage.Folder;
import dev.temper.text.TinyTokenizer;
import dev.temper.text.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TextGeneratorTest {
    private static final GenerationConfig GREEDY = GenerationConfig.greedy(24);
    private static final List<String> PROMPTS = List.of("abc", "a longer one, with \u5b57", "");

    @TempDir
    Path folder;

    @Test
    void givesTheTextOfTheEnginesTokens() throws Exception {
        try (TextGenerator generator = open()) {
            assertThat(generator.generate(PROMPTS, GREEDY)).isEqualTo(byHand(Optional.empty(), Set.of()));
            assertThat(generator.generate(PROMPTS.get(1), GREEDY))
                    .isEqualTo(generator.generate(PROMPTS, GREEDY).get(1));
        }
    }

    @Test
    void anAdapterLiesOverTheBase() throws Exception {
        Path adapter = TinyFolder.adapter(TinyFolder.generator(folder));
        try (TextGenerator generator = TextGenerator.open(folder, one().withAdapter(adapter))) {
            assertThat(generator.generate(PROMPTS, GREEDY))
                    .isEqualTo(byHand(Optional.of(adapter), Set.of()))
                    .isNotEqualTo(byHand(Optional.empty(), Set.of()));
        }
    }

    @Test
    void anAdapterBringsTheTokenizerAndTheTemplateItWasTrainedWith() throws Exception {
        Path adapter = TinyFolder.adapter(TinyFolder.generator(folder));
        TinyTokenizer.write(adapter, "{\"bos_token\": \"<s>\"}");
        Files.writeString(folder.resolve("chat_template.jinja"), "{{ messages[0].content }}");
        Files.writeString(adapter.resolve("chat_template.jinja"), "{{ messages[0].content[:2] }}");
        List<ChatMessage> question = List.of(ChatMessage.user("abcabc"));
        List<ChatMessage> cut = List.of(ChatMessage.user("ab"));
        try (TextGenerator generator = TextGenerator.open(folder, one().withAdapter(adapter))) {
            assertThat(generator.generateChat(question, GREEDY)).isEqualTo(generator.generateChat(cut, GREEDY));
        }
        Files.delete(adapter.resolve("tokenizer.json")); // the template alone
        try (TextGenerator generator = TextGenerator.open(folder, one().withAdapter(adapter))) {
            assertThat(generator.generateChat(question, GREEDY)).isEqualTo(generator.generateChat(cut, GREEDY));
        }
        Files.delete(adapter.resolve("chat_template.jinja"));
        try (TextGenerator generator = TextGenerator.open(folder, one().withAdapter(adapter))) {
            assertThat(generator.generateChat(question, GREEDY)).isNotEqualTo(generator.generateChat(cut, GREEDY));
        }
    }

    @Test
    void aPromptThatIsTooLongIsNotTokenized() throws Exception {
        TinyFolder.generator(folder);
        String longer = "a".repeat(10_000_001);
        try (TextGenerator generator = TextGenerator.open(folder, one())) {
            assertThat(generator.tryGenerate(List.of("ab", longer), GREEDY, 1).get(1))
                    .isEmpty();
            assertThatThrownBy(() -> generator.generate(List.of("ab", longer), GREEDY))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessage("prompt 2 cannot be continued: it has 10,000,001 characters, and 10,000,000 are"
                            + " tokenized at most");
        }
    }

    @Test
    void endsAreReadAndNothingElseOfGenerationConfig() throws Exception {
        TinyFolder.generator(folder);
        int end = tokens(Optional.empty(), Set.of()).get(0)[5];
        Files.writeString(
                folder.resolve("generation_config.json"),
                "{\"eos_token_id\": [%d], \"do_sample\": true, \"temperature\": 9.0}".formatted(end));
        try (TextGenerator generator = open()) {
            List<String> texts = generator.generate(PROMPTS, GREEDY);

            assertThat(texts).isEqualTo(byHand(Optional.empty(), Set.of(end)));
            assertThat(texts.get(0))
                    .isNotEqualTo(byHand(Optional.empty(), Set.of()).get(0));
        }
    }

    @Test
    void aSeedRepeatsWhatWasDrawn() throws Exception {
        GenerationConfig sampled = new GenerationConfig(List.of(), 0, 12, true, 1, 0, 1, 0, 1);
        List<String> same = IntStream.range(0, 20).mapToObj(i -> "abc").toList(); // more than are computed together
        try (TextGenerator generator = open()) {
            List<String> texts = generator.generate(same, sampled, 5);

            assertThat(generator.generate(same, sampled, 5)).isEqualTo(texts);
            assertThat(generator.generate(same, sampled, 6)).isNotEqualTo(texts);
            assertThat(generator.generate(same, sampled)).isNotEqualTo(generator.generate(same, sampled));
            assertThat(Set.copyOf(texts)).hasSize(20); // each draws for itself
        }
    }

    @Test
    void manyPromptsKeepTheirOrder() throws Exception {
        List<String> many =
                IntStream.range(0, 40).mapToObj(i -> "a".repeat(i % 7) + i).toList();
        try (TextGenerator generator = open();
                TextGenerator small = TextGenerator.open(folder, one().withBatchTokens(9))) {
            List<String> alone = new ArrayList<>();
            many.forEach(prompt -> alone.add(generator.generate(prompt, GREEDY)));

            assertThat(generator.generate(many, GREEDY)).isEqualTo(alone);
            assertThat(small.generate(many, GREEDY)).isEqualTo(alone);
        }
    }

    @Test
    void streamedPiecesAreTheText() throws Exception {
        try (TextGenerator generator = open()) {
            for (String prompt : PROMPTS) {
                List<String> pieces = new ArrayList<>();
                generator.stream(prompt, GREEDY, pieces::add);

                assertThat(String.join("", pieces)).isEqualTo(generator.generate(prompt, GREEDY));
                assertThat(pieces).hasSizeGreaterThan(1).doesNotContain("");
            }
        }
    }

    @Test
    void aConversationGoesThroughTheTemplate() throws Exception {
        TinyFolder.generator(folder);
        Files.writeString(
                folder.resolve("chat_template.jinja"),
                "{% for m in messages %}{% if m.role == 'tool' %}{{ raise_exception('no tools') }}{% endif %}"
                        + "[{{ m.role }}] {{ m.content }}{% endfor %}{% if add_generation_prompt %}<s>{% endif %}");
        try (TextGenerator generator = open()) {
            String answer = generator.generateChat(List.of(ChatMessage.system("x"), ChatMessage.user("abc")), GREEDY);

            // The template wrote the special token itself: nothing is added in front.
            assertThat(answer)
                    .isEqualTo(byHand(tokenizer ->
                            tokenizer.encodePlain("[system] x[user] abc<s>").ids()));
            List<String> pieces = new ArrayList<>();
            generator.streamChat(List.of(ChatMessage.system("x"), ChatMessage.user("abc")), GREEDY, pieces::add);
            assertThat(String.join("", pieces)).isEqualTo(answer);
            List<ChatMessage> refused = List.of(new ChatMessage("tool", ""));
            assertThat(generator.tryGenerateChat(
                            List.of(refused, List.of(ChatMessage.system("x"), ChatMessage.user("abc"))), GREEDY, 0))
                    .containsExactly(Optional.empty(), Optional.of(answer));
            assertThatThrownBy(() -> generator.generateChat(refused, GREEDY))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageStartingWith("the chat template refuses these messages: ")
                    .hasMessageContaining("no tools");
        }
    }

    @Test
    void theCallersTemplateGoesBeforeTheFolders() throws Exception {
        TinyFolder.generator(folder);
        Files.writeString(folder.resolve("chat_template.jinja"), "{{ messages[0].content }}");
        List<ChatMessage> question = List.of(ChatMessage.user("abc"));
        Options own = one().withChatTemplate("{{ bos_token }}{{ messages[0].content }}!");
        try (TextGenerator generator = TextGenerator.open(folder, own)) {
            assertThat(generator.generateChat(question, GREEDY))
                    .isEqualTo(
                            byHand(tokenizer -> tokenizer.encodePlain("<s>abc!").ids()));
            assertThat(generator.generateChat(List.of(question, question), GREEDY, 1))
                    .containsOnly(generator.generateChat(question, GREEDY))
                    .hasSize(2);
        }
        assertThatThrownBy(() -> TextGenerator.open(folder, one().withChatTemplate("own.jinja")))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("chatTemplate is no text of a template: there is no {{ or {% in it");
        assertThatThrownBy(() -> new ChatMessage("user", null))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("a message needs a role and a content, got user and null");
    }

    @Test
    void aTokenizerWithoutATemplateHoldsNoConversation() throws Exception {
        try (TextGenerator generator = open()) {
            assertThat(generator.hasChatTemplate()).isFalse();
            assertThatThrownBy(() -> generator.generateChat(List.of(ChatMessage.user("abc")), GREEDY))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessage("this model's tokenizer has no chat template: give it plain prompts");
        }
    }

    @Test
    void promptsThatCannotBeContinuedAreEmpty() throws Exception {
        TinyFolder.generator(folder);
        TinyTokenizer.writeBare(folder);
        try (TextGenerator generator = open()) {
            assertThat(generator.tryGenerate(List.of("", "abc", ""), GREEDY, 0))
                    .containsExactly(
                            Optional.empty(), Optional.of(generator.generate("abc", GREEDY)), Optional.empty());
            assertThatThrownBy(() -> generator.generate(List.of("a", ""), GREEDY))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessage("generation.prompts: prompt 2 has no tokens");
        }
    }

    @Test
    void aPromptWithATokenThatTheModelLacksIsRefused() throws Exception {
        TinyTokenizer.add(TinyFolder.generator(folder), "<sound>", "<image>");
        String refusal =
                "the prompt '<s>b<image>' cannot be continued: it contains <image>, token 261, and the model has "
                        + "rows for 260 tokens only; leave that token out";
        try (TextGenerator generator = open()) {
            assertThat(generator.tryGenerate(List.of("abc", "b<image>"), GREEDY, 0))
                    .containsExactly(Optional.of(generator.generate("abc", GREEDY)), Optional.empty());
            assertThatThrownBy(() -> generator.generate(List.of("abc", "b<image>"), GREEDY))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessage(refusal);
            assertThatThrownBy(() -> generator.stream("b<image>", GREEDY, text -> {}))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessage(refusal);
        }
    }

    @Test
    void foldersThatAreNoGeneratorsAreRefused() throws Exception {
        assertRefused(folder.resolve("none"), folder.resolve("none") + " is no folder: a model's is needed");
        assertRefused(
                TinyFolder.classifier(folder.resolve("classifier")),
                folder.resolve("classifier") + " holds a classifier, which continues no text");
        Path noTokenizer = TinyFolder.generator(folder.resolve("no-tokenizer"));
        Files.delete(noTokenizer.resolve("tokenizer.json"));
        assertRefused(
                noTokenizer,
                noTokenizer.resolve("tokenizer.json")
                        + " is missing: the tokenizer's folder must have it; a tokenizer is read from it alone, so save"
                        + " the tokenizer there with AutoTokenizer.from_pretrained(…).save_pretrained(…)");
        assertThatThrownBy(() ->
                        TextGenerator.open(TinyFolder.generator(folder.resolve("base")), one().withAdapter(folder)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage(folder + " is no adapter folder: there is no adapter_config.json");
    }

    @Test
    void whatPeopleNameInPlaceOfAModelIsAnsweredWithTheFolderMeant() throws Exception {
        String none = " is no model folder: there is no config.json; ";
        Path run = folder.resolve("run");
        TinyFolder.generator(run.resolve("model"));
        assertRefused(run, run + none + "name " + run.resolve("model"));

        Path other = folder.resolve("other");
        Path adapter = Files.createDirectories(other.resolve("adapter"));
        Files.writeString(adapter.resolve("adapter_config.json"), "{}");
        String meant = none + "name the base, and " + adapter + " as the adapter over it";
        assertRefused(other, other + meant);
        assertRefused(adapter, adapter + meant);
        assertThatThrownBy(() -> TextGenerator.open(run.resolve("model"), one().withAdapter(other)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage(other + " is no adapter folder: there is no adapter_config.json; name " + adapter);
        Path empty = Files.createDirectory(folder.resolve("empty"));
        assertRefused(empty, empty + none + "name one in Hugging Face's layout");
    }

    @Test
    void aBaseWhoseHeadIsStillToBeTrainedIsRefused() throws Exception {
        Path bare = TinyFolder.classifier(folder.resolve("bare"));
        Path config = bare.resolve("config.json");
        Files.writeString(
                config,
                Files.readString(config)
                        .replaceFirst("\"gpt2\"", "\"bert\"")
                        .replace("GPT2ForSequenceClassification", "BertModel"));
        String message = bare + " has no head for classes yet, and its kind of model continues no text: train it as a"
                + " classifier first, or name another folder";

        assertRefused(bare, message);
        assertThatThrownBy(() -> TextClassifier.open(bare, one()))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage(message);
    }

    private static void assertRefused(Path folder, String message) {
        assertThatThrownBy(() -> TextGenerator.open(folder, one()))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage(message);
    }

    private TextGenerator open() throws Exception {
        if (!Files.exists(folder.resolve("config.json"))) {
            TinyFolder.generator(folder);
        }
        return TextGenerator.open(folder, one());
    }

    private static Options one() {
        return Options.defaults().withThreads(1);
    }

    private List<String> byHand(Optional<Path> adapter, Set<Integer> ends) throws Exception {
        List<int[]> tokens = tokens(adapter, ends);
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            return tokens.stream().map(tokenizer::decode).toList();
        }
    }

    private String byHand(Function<Tokenizer, int[]> prompt) throws Exception {
        try (Workspace workspace = Workspace.open(1);
                Network network = Network.open(workspace, folder);
                Tokenizer tokenizer = Tokenizer.open(folder)) {
            int[] answer = new Generator(network)
                    .generate(List.of(prompt.apply(tokenizer)), GREEDY, Set.of(), 0)
                    .get(0);
            return tokenizer.decode(answer);
        }
    }

    private List<int[]> tokens(Optional<Path> adapter, Set<Integer> ends) throws Exception {
        try (Workspace workspace = Workspace.open(1);
                Network network = adapter.isPresent()
                        ? AdaptedModel.load(workspace, folder, ModelTask.causalLm(), Folder.local(adapter.get()))
                                .network()
                        : Network.open(workspace, folder);
                Tokenizer tokenizer = Tokenizer.open(folder)) {
            List<int[]> prompts =
                    PROMPTS.stream().map(text -> tokenizer.encode(text).ids()).toList();
            return new Generator(network).generate(prompts, GREEDY, ends, 0);
        }
    }
}
