package dev.temper.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.temper.adapter.LoraAdapter;
import dev.temper.adapter.LoraConfig;
import dev.temper.check.InvalidInputException;
import dev.temper.kernel.Workspace;
import dev.temper.model.ModelTask;
import dev.temper.model.Network;
import dev.temper.model.StoredModel;
import dev.temper.model.TokenStream;
import dev.temper.model.TrainedParameters;
import dev.temper.storage.Folder;
import dev.temper.text.TinyTokenizer;
import dev.temper.text.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TextClassifierTest {
    @TempDir
    Path folder;

    @Test
    void aClassificationSaysItsNumbers() {
        assertThat(new Classification("glad", 0.75, new double[] {0.25, 0.75}))
                .hasToString("Classification[label=glad, score=0.75, probabilities=[0.25, 0.75]]");
    }

    @Test
    void aTextThatIsTooLongIsNotTokenized() throws Exception {
        TinyFolder.classifier(folder);
        String longer = "a".repeat(10_000_001);
        try (TextClassifier classifier = TextClassifier.open(folder)) {
            assertThat(classifier.tryClassify(List.of("ab", longer)).get(1)).isEmpty();
            assertThatThrownBy(() -> classifier.classify(List.of("ab", longer)))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessage("text 2 cannot be classified: it has 10,000,001 characters, and 10,000,000 are"
                            + " tokenized at most");
        }
    }

    @Test
    void everyTextGetsWhatItGetsAlone() throws Exception {
        List<String> texts = texts();
        try (TextClassifier classifier = TextClassifier.open(TinyFolder.classifier(folder), one())) {
            List<Classification> together = classifier.classify(texts);

            assertThat(classifier.labels()).isEqualTo(TinyFolder.LABELS);
            Set<String> seen = new HashSet<>();
            for (int i = 0; i < texts.size(); i++) {
                float[] logits = logits(texts.get(i));
                assertSame(together.get(i), logits);
                assertSame(classifier.classify(texts.get(i)), logits);
                seen.add(together.get(i).label());
            }
            assertThat(seen).hasSizeGreaterThan(1);
        }
    }

    @Test
    void neitherOrderNorBatchesMatter() throws Exception {
        List<String> texts = texts();
        List<Integer> order =
                new ArrayList<>(IntStream.range(0, texts.size()).boxed().toList());
        Collections.shuffle(order, new Random(5));
        try (TextClassifier classifier = TextClassifier.open(TinyFolder.classifier(folder), one());
                TextClassifier small = TextClassifier.open(folder, one().withBatchTokens(30))) {
            List<Classification> expected = classifier.classify(texts);

            List<Classification> shuffled =
                    small.classify(order.stream().map(texts::get).toList());

            for (int i = 0; i < order.size(); i++) {
                Classification result = shuffled.get(i);
                assertThat(result.label()).isEqualTo(expected.get(order.get(i)).label());
                assertThat(result.probabilities())
                        .containsExactly(expected.get(order.get(i)).probabilities(), within(1e-6));
            }
        }
    }

    @Test
    void aTextThatIsTooLongIsCut() throws Exception {
        String text = "b".repeat(100);
        try (TextClassifier classifier = TextClassifier.open(TinyFolder.classifier(folder), one());
                TextClassifier shorter = TextClassifier.open(folder, one().withMaxLength(8))) {
            // One token is the <s> in front.
            assertSame(classifier.classify(text), logits("b".repeat(TinyFolder.POSITIONS - 1)));
            assertSame(shorter.classify(text), logits("b".repeat(7)));
        }
    }

    @Test
    void theClosingTokenOfATextThatIsCutStays() throws Exception {
        TinyFolder.classifier(folder);
        try (TextClassifier classifier = TextClassifier.open(closing(), one().withMaxLength(8))) {
            assertSame(classifier.classify("b".repeat(100)), logits("b".repeat(6)));
        }
    }

    @Test
    void textsWithoutTokensHaveNoClass() throws Exception {
        TinyFolder.classifier(folder);
        TinyTokenizer.writeBare(folder);
        try (TextClassifier classifier = TextClassifier.open(folder, one())) {
            assertThat(classifier.tryClassify(List.of("", "ab", "")).stream()
                            .map(result -> result.isPresent())
                            .toList())
                    .containsExactly(false, true, false);
            assertThat(classifier.classify(List.of())).isEmpty();
            assertThatThrownBy(() -> classifier.classify(List.of("ab", "")))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessage("text 2 cannot be classified: no token in its text");
        }
    }

    @Test
    void aTextWithATokenThatTheModelLacksHasNoClass() throws Exception {
        TinyTokenizer.add(TinyFolder.classifier(folder), "<sound>", "<image>");
        try (TextClassifier classifier = TextClassifier.open(folder, one())) {
            assertThat(classifier.tryClassify(List.of("ab", "a<image>b")).stream()
                            .map(result -> result.isPresent())
                            .toList())
                    .containsExactly(true, false);
            assertThatThrownBy(() -> classifier.classify(List.of("ab", "a<image>b")))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessage(
                            "text 2 cannot be classified: it contains <image>, token 261, and the model has rows for"
                                    + " 260 tokens only");
        }
    }

    @Test
    void anAdapterMakesABaseAClassifier() throws Exception {
        Path base = TinyFolder.classifier(folder, "\"architectures\": [\"GPT2ForSequenceClassification\"],", "");
        Path adapter = folder.resolve("adapter");
        float[] expected;
        try (Workspace workspace = Workspace.open(1)) {
            StoredModel read = StoredModel.read(base, ModelTask.classification(List.of("no", "yes")), 7);
            LoraConfig config = LoraConfig.of(4, 8, 0, List.of("c_attn"));
            TrainedParameters parameters =
                    new TrainedParameters(workspace, LoraAdapter.specs(config, read.architecture()));
            Network network = read.load(workspace);
            LoraAdapter.create(config, network, parameters, 3).save(Folder.local(adapter), "base");
            expected = network.classify(TokenStream.of(List.of(new int[] {TinyTokenizer.BEGIN, 'b'})))[0];
        }
        Options options = one().withAdapter(adapter);
        try (TextClassifier classifier = TextClassifier.open(base, options.withLabels(List.of("no", "yes")))) {
            assertThat(classifier.labels()).containsExactly("no", "yes");
            double[] probabilities = classifier.classify("b").probabilities();
            assertThat(Math.log(probabilities[1] / probabilities[0]))
                    .isCloseTo(expected[1] - expected[0], within(1e-5));
        }
        assertThatThrownBy(() -> TextClassifier.open(base, options.withLabels(List.of("a", "b", "c"))))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("the adapter's head has 2 classes");
        assertThatThrownBy(() -> TextClassifier.open(base, options))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage(base + " does not classify by itself: name the classes of the adapter's head with"
                        + " Options.withLabels");
        assertThatThrownBy(() -> one().withLabels(List.of("no", "yes")))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("labels are for an adapter's head, and there is no adapter");
    }

    @Test
    void foldersThatDoNotClassifyAreRefused() throws Exception {
        Path generator = TinyFolder.generator(folder.resolve("generator"));
        assertThatThrownBy(() -> TextClassifier.open(generator, one()))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage(generator + " holds no classifier: its head predicts tokens");
        Path classifier = TinyFolder.classifier(folder.resolve("classifier"));
        assertThatThrownBy(() -> TextClassifier.open(classifier, one().withMaxLength(41)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("maxLength 41 is more than the 40 positions of " + classifier);
    }

    @Test
    void aClosedModelClassifiesNothing() throws Exception {
        TextClassifier classifier = TextClassifier.open(TinyFolder.classifier(folder), one());
        classifier.close();
        assertThatThrownBy(() -> classifier.classify("ab")).isInstanceOf(IllegalStateException.class);
    }

    private Path closing() throws Exception {
        return TinyTokenizer.writeClosing(folder);
    }

    private static List<String> texts() {
        Random random = new Random(11);
        return IntStream.range(0, 30)
                .mapToObj(i -> random.ints(random.nextInt(60), 'a', 'z')
                        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                        .toString())
                .toList();
    }

    /** Of a text that is not cut, or what is left of it; the longest ones are cut here as they are there. */
    private float[] logits(String text) throws Exception {
        try (Workspace workspace = Workspace.open(1);
                Network network = Network.open(workspace, folder);
                Tokenizer tokenizer = Tokenizer.open(folder)) {
            int[] ids = tokenizer.encode(text).ids();
            int[] cut = Arrays.copyOf(ids, Math.min(ids.length, TinyFolder.POSITIONS));
            return network.classify(TokenStream.of(List.of(cut)))[0];
        }
    }

    private static void assertSame(Classification result, float[] logits) {
        double sum = 0;
        int best = 0;
        for (int i = 0; i < logits.length; i++) {
            sum += Math.exp(logits[i]);
            best = logits[i] > logits[best] ? i : best;
        }
        assertThat(result.label()).isEqualTo(TinyFolder.LABELS.get(best));
        assertThat(result.score()).isEqualTo(result.probabilities()[best]);
        for (int i = 0; i < logits.length; i++) {
            assertThat(result.probabilities()[i]).isCloseTo(Math.exp(logits[i]) / sum, within(1e-6));
        }
        assertThat(Arrays.stream(result.probabilities()).sum()).isCloseTo(1, within(1e-12));
    }

    private static Options one() {
        return Options.defaults().withThreads(1);
    }
}
