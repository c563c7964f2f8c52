package dev.temper.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.temper.check.InvalidInputException;
import dev.temper.kernel.Workspace;
import dev.temper.model.ClassifiedStream.Row;
import dev.temper.storage.Folder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Logits, losses and gradients of classifiers do not depend on how they are computed. */
final class ClassifierTest {
    private static final List<Row> ROWS = TinyClassifier.rows(7);
    private static final int PAD = 5; // of the tiny decoders

    @TempDir
    Path folder;

    private Workspace workspace;

    @BeforeEach
    void open() {
        workspace = Workspace.open(1);
    }

    @AfterEach
    void close() {
        workspace.close();
    }

    private Replica replica(TinyClassifier model, boolean isDropping) throws Exception {
        model.write(folder);
        Files.writeString(folder.resolve("config.json"), isDropping ? model.configWithDropout() : model.config());
        return Replica.of(workspace, folder);
    }

    @ParameterizedTest
    @EnumSource
    void rowsOfAStreamDoNotSeeEachOther(TinyClassifier model) throws Exception {
        for (boolean isDropping : new boolean[] {false, true}) {
            Replica replica = replica(model, isDropping);

            assertSame(replica.classified(ROWS), replica.classifiedOneByOne(ROWS), 1e-5);
        }
    }

    @ParameterizedTest
    @EnumSource
    void checkpointingChangesNothing(TinyClassifier model) throws Exception {
        for (boolean isDropping : new boolean[] {false, true}) {
            Replica replica = replica(model, isDropping);

            assertSame(replica.classifiedAndCheckpointed(ROWS), replica.classified(ROWS), 1e-6);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aGradientPredictsTheLossNearby(TinyClassifier model) throws Exception {
        for (boolean isDropping : new boolean[] {false, true}) {
            Replica replica = replica(model, isDropping);
            float[] gradient = replica.classified(ROWS).gradients();
            float[] start = replica.parameters().flatWeights().toFloatArray();
            double squares = 0;
            for (float value : gradient) {
                squares += (double) value * value;
            }
            double step = 1e-3 / Math.sqrt(squares);

            double difference = lossAt(replica, start, gradient, step) - lossAt(replica, start, gradient, -step);

            double slope = 0.125 * difference / (2 * step); // the gradient is that of an eighth of the loss
            assertThat(slope).isCloseTo(squares, within(5e-3 * squares));
        }
    }

    private double lossAt(Replica replica, float[] start, float[] direction, double step) {
        float[] moved = Arrays.copyOf(start, start.length);
        for (int i = 0; i < moved.length; i++) {
            moved[i] += (float) (step * direction[i]);
        }
        Workspace.scoped(() -> {
            var weights = replica.parameters().flatWeights();
            workspace.tensors().copy(workspace.floats(moved, weights.getShape()), weights);
            return null;
        });
        return replica.classified(ROWS).loss();
    }

    @ParameterizedTest
    @EnumSource
    void aSavedClassifierComesBackAsItWas(TinyClassifier model) throws Exception {
        Replica replica = replica(model, false);
        Path saved = folder.resolve("saved");

        ModelFolder.save(Folder.local(saved), replica.network(), Folder.local(folder));

        Replica reloaded = Replica.of(workspace, saved);
        assertThat(reloaded.parameters().flatWeights().toFloatArray())
                .isEqualTo(replica.parameters().flatWeights().toFloatArray());
        assertThat(reloaded.network().architecture().classifier())
                .isEqualTo(replica.network().architecture().classifier());
    }

    @ParameterizedTest
    @CsvSource({"<pad>, 7", "</s>, 0"}) // texts could end with the end token: it is no padding then
    void aDecoderIsSavedWithItsTokenizersPadding(String pad, int expected) throws Exception {
        Path base = TinyModel.LLAMA.write(folder.resolve("base"));
        Files.writeString(
                base.resolve("tokenizer.json"),
                "{\"added_tokens\": [{\"id\": 6, \"content\": \"</s>\"}, {\"id\": 7, \"content\": \"<pad>\"}]}");
        Files.writeString(
                base.resolve("tokenizer_config.json"),
                "{\"pad_token\": {\"content\": \"" + pad + "\"}, \"eos_token\": \"</s>\"}");
        Path saved = folder.resolve("saved");
        try (Network network = StoredModel.read(base, ModelTask.classification(List.of("a", "b")), 1)
                .load(workspace)) {
            ModelFolder.save(Folder.local(saved), network, Folder.local(base));
        }

        OptionalInt padToken = Architecture.read(Folder.local(saved))
                .classifier()
                .orElseThrow()
                .padToken();
        assertThat(padToken).isEqualTo(expected > 0 ? OptionalInt.of(expected) : OptionalInt.empty());
    }

    @ParameterizedTest
    @EnumSource(names = {"BERT", "DISTILBERT", "ROBERTA"})
    void dropoutBeforeTheClassifierKeepsTheExpectation(TinyClassifier model) throws Exception {
        model.write(folder);
        String config = model.config().replaceAll("(\"(classifier|seq_classif)_dropout\"): 0\\.0", "$1: 0.25");
        Files.writeString(folder.resolve("config.json"), config);
        Network network = Replica.of(workspace, folder).network();
        Classifier classifier = network.architecture().classifier().orElseThrow();
        int rows = 2000;
        List<Row> same = LongStream.range(0, rows)
                .mapToObj(i -> new Row(new int[] {7, 2}, 0, 1, SplitMix.mix(i)))
                .toList();
        ClassifiedStream stream = ClassifiedStream.of(classifier, same);

        Workspace.scoped(() -> {
            Network.Inputs inputs = network.inputs(stream.tokens(), stream.keys(), 0);
            float[] dropped = network.classify(network.hidden(inputs), workspace.ints(stream.keep()), inputs)
                    .toFloatArray();
            float[] whole = network.classify(TokenStream.of(List.of(new int[] {7, 2})))[0];
            for (int c = 0; c < whole.length; c++) {
                double[] values = new double[rows];
                for (int i = 0; i < rows; i++) {
                    values[i] = dropped[i * whole.length + c] - whole[c];
                }
                double deviation =
                        Math.sqrt(Arrays.stream(values).map(v -> v * v).sum() / rows);
                assertThat(deviation).isGreaterThan(1e-2);
                if (model != TinyClassifier.ROBERTA) { // whose first dropout is followed by a tanh
                    assertThat(Arrays.stream(values).sum() / rows)
                            .isCloseTo(0, within(4 * deviation / Math.sqrt(rows))); // four standard errors
                }
            }
            return null;
        });
    }

    @ParameterizedTest
    @EnumSource(names = {"GPT2", "GPT_NEO", "LLAMA", "PHI3"})
    void theLastTokenThatIsNoPaddingIsClassified(TinyClassifier model) throws Exception {
        Network network = replica(model, false).network();
        boolean isPadding =
                network.architecture().classifier().orElseThrow().padToken().isPresent();

        float[] text = network.classify(TokenStream.of(List.of(new int[] {3, 14, 15})))[0];
        float[] padded = network.classify(TokenStream.of(List.of(new int[] {3, 14, 15, PAD, PAD})))[0];

        if (isPadding) {
            assertThat(padded).containsExactly(text, within(1e-6f));
        } else {
            assertThat(padded).isNotEqualTo(text);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"BERT", "DISTILBERT", "ROBERTA"})
    void anEncoderSeesTheWholeText(TinyClassifier model) throws Exception {
        Network network = replica(model, false).network();

        float[] text = network.classify(TokenStream.of(List.of(new int[] {3, 14, 15})))[0];
        float[] other = network.classify(TokenStream.of(List.of(new int[] {3, 14, 16})))[0];

        assertThat(other).isNotEqualTo(text);
    }

    @Test
    void tokenTypesAreZeroWhereNoneAreGiven() throws Exception {
        Network network = replica(TinyClassifier.BERT, false).network();
        TokenStream plain = TokenStream.of(List.of(new int[] {3, 14, 15}));

        float[] logits = network.classify(plain)[0];

        assertThat(network.classify(plain.withTokenTypes(new int[3]))[0]).containsExactly(logits, within(1e-6f));
        assertThat(network.classify(plain.withTokenTypes(new int[] {0, 0, 1}))[0])
                .isNotEqualTo(logits);
    }

    @Test
    void rowsWithAndWithoutTokenTypesShareAStream() throws Exception {
        Replica replica = replica(TinyClassifier.BERT, false);
        Row typed = new Row(new int[] {3, 14, 15}, new int[] {0, 1, 1}, new float[] {1}, 1, 4);
        Row plain = new Row(new int[] {9, 2}, 0, 1, 5);

        assertSame(replica.classified(List.of(plain, typed)), replica.classifiedOneByOne(List.of(plain, typed)), 1e-5);
    }

    @ParameterizedTest
    @EnumSource(names = {"DISTILBERT", "GPT2"})
    void refusesTokenTypesThatAModelDoesNotKnow(TinyClassifier model) throws Exception {
        Network network = replica(model, false).network();
        TokenStream typed = TokenStream.of(List.of(new int[] {3, 14})).withTokenTypes(new int[] {0, 1});

        assertThatThrownBy(() -> network.classify(typed))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageMatching("a (distilbert|gpt2) model has no token types: leave them out");
    }

    @ParameterizedTest
    @EnumSource(names = {"BERT", "DISTILBERT", "ROBERTA", "GPT2", "GPT_NEO"})
    void refusesATextLongerThanThePositions(TinyClassifier model) throws Exception {
        Network network = replica(model, false).network();
        int[] longest = IntStream.range(0, 40).map(i -> 2 + i % 20).toArray();

        assertThat(network.classify(TokenStream.of(List.of(longest)))[0]).doesNotContain(Float.NaN);
        assertThatThrownBy(() -> network.classify(TokenStream.of(List.of(Arrays.copyOf(longest, 41)))))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith("a text of 41 tokens is longer than the 40 positions of a ");
    }

    /** As create_position_ids_from_input_ids of transformers does. */
    @Test
    void robertaDoesNotCountPaddingInsideAText() throws Exception {
        Network network = replica(TinyClassifier.ROBERTA, false).network();
        int[][] texts = {{8, 1, 9, 7, 1, 4}, {6, 5}};
        int[] rows = {2, 1, 3, 4, 1, 5, 2, 3};

        Workspace.scoped(() -> {
            Network.Inputs inputs = network.inputs(TokenStream.of(List.of(texts)));
            float[] x = network.embed(inputs).toFloatArray();
            int width = network.architecture().sizes().width();
            LayerWeights shared = network.dictionary(Parameter.SHARED);
            float[] words = shared.get("word_embeddings").toFloatArray();
            float[] positions = shared.get("position_embeddings").toFloatArray();
            float[] types = shared.get(Architecture.TOKEN_TYPES).toFloatArray();
            int[] ids = {8, 1, 9, 7, 1, 4, 6, 5};
            for (int t = 0; t < ids.length; t++) {
                for (int d = 0; d < width; d++) {
                    float expected = words[ids[t] * width + d] + positions[rows[t] * width + d] + types[d];
                    assertThat(x[t * width + d]).isCloseTo(expected, within(1e-6f));
                }
            }
            return null;
        });
    }

    private static void assertSame(Replica.Result actual, Replica.Result expected, double tolerance) {
        assertThat(actual.loss()).isCloseTo(expected.loss(), within(tolerance * expected.loss()));
        assertThat(actual.gradients()).containsExactly(expected.gradients(), within((float) tolerance));
    }
}
