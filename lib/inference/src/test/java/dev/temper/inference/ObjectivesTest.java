package dev.temper.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.check.InvalidInputException;
import dev.temper.model.ObjectiveGoldens;
import dev.temper.text.TinyTokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Numbers, several labels and pairs of texts get the scores that transformers gives them. */
final class ObjectivesTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"bert", "llama"})
    void aTextGetsANumber(String family) throws Exception {
        JsonNode golden = ObjectiveGoldens.golden(family + "_regression");
        try (TextClassifier classifier = open(family + "_regression")) {
            List<Classification> results = classifier.classify(texts(golden, "text"));

            for (int i = 0; i < results.size(); i++) {
                double expected = golden.path("before").path(i).path(0).asDouble();
                assertThat(results.get(i).score()).isCloseTo(expected, within(1e-4));
                assertThat(results.get(i).label()).isEqualTo("LABEL_0");
                assertThat(results.get(i).probabilities()).isEmpty();
                assertThat(results.get(i).labels()).isEmpty();
            }
            assertThat(results).hasSize(16);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"bert", "llama"})
    void aTextGetsTheLabelsAboveOneHalf(String family) throws Exception {
        JsonNode golden = ObjectiveGoldens.golden(family + "_multi_label");
        try (TextClassifier classifier = open(family + "_multi_label")) {
            assertThat(classifier.labels()).containsExactly("funny", "sad", "long");
            List<Classification> results = classifier.classify(texts(golden, "text"));

            List<Integer> counts = new ArrayList<>();
            for (int i = 0; i < results.size(); i++) {
                double[] expected = Arrays.stream(
                                ObjectiveGoldens.doubles(golden.path("before").path(i)))
                        .map(logit -> 1 / (1 + Math.exp(-logit)))
                        .toArray();
                Classification result = results.get(i);
                assertThat(result.probabilities()).containsExactly(expected, within(1e-5));
                assertThat(result.labels())
                        .isEqualTo(IntStream.range(0, 3)
                                .filter(k -> expected[k] > 0.5)
                                .mapToObj(classifier.labels()::get)
                                .toList());
                assertThat(result.score())
                        .isEqualTo(Arrays.stream(result.probabilities()).max().orElseThrow());
                assertThat(result.probabilities()[classifier.labels().indexOf(result.label())])
                        .isEqualTo(result.score());
                counts.add(result.labels().size());
            }
            assertThat(counts).hasSize(16);
            assertThat(counts.stream().distinct()).hasSizeGreaterThan(1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"bert", "llama"})
    void aPairGetsAClass(String family) throws Exception {
        JsonNode golden = ObjectiveGoldens.golden(family + "_pairs");
        List<String> first = texts(golden, "text");
        List<String> second = texts(golden, "text_pair");
        List<TextPair> pairs = IntStream.range(0, first.size())
                .mapToObj(i -> new TextPair(first.get(i), second.get(i)))
                .toList();
        try (TextClassifier classifier = open(family + "_pairs")) {
            List<Classification> results = classifier.classifyPairs(pairs);

            for (int i = 0; i < results.size(); i++) {
                double[] logits = ObjectiveGoldens.doubles(golden.path("before").path(i));
                double expected = 1 / (1 + Math.exp(logits[0] - logits[1]));
                assertThat(results.get(i).probabilities()[1]).isCloseTo(expected, within(1e-5));
            }
            assertThat(results).hasSize(16);
            assertThat(classifier.classify(first).get(0).probabilities())
                    .isNotEqualTo(results.get(0).probabilities());
            assertThat(classifier.tryClassifyPairs(pairs.subList(0, 1)).get(0)).isPresent();
            String longer = "a".repeat(10_000_001);
            assertThatThrownBy(() -> classifier.classifyPairs(List.of(pairs.get(0), new TextPair("good", longer))))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessage("pair 2 cannot be classified: it has 10,000,001 characters, and 10,000,000 are"
                            + " tokenized at most");
        }
    }

    @Test
    void pairsThatNothingDividesAreRefused() throws Exception {
        TinyFolder.classifier(folder); // GPT-2
        TinyTokenizer.writeBare(folder);
        try (TextClassifier classifier =
                TextClassifier.open(folder, Options.defaults().withThreads(1))) {
            assertThatThrownBy(() -> classifier.classifyPairs(List.of(new TextPair("a", "b"))))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessage("the tokenizer puts nothing between two texts, and a gpt2 model has no token types: it"
                            + " could not tell them apart; name a base whose tokenizer divides them");
        }
    }

    private TextClassifier open(String name) throws Exception {
        return TextClassifier.open(
                ObjectiveGoldens.model(name, folder), Options.defaults().withThreads(1));
    }

    private static List<String> texts(JsonNode golden, String column) {
        List<String> texts = new ArrayList<>();
        golden.path("rows").forEach(row -> texts.add(row.path(column).asText()));
        return texts;
    }
}
