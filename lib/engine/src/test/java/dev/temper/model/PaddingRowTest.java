package dev.temper.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.temper.check.InvalidInputException;
import dev.temper.kernel.Workspace;
import dev.temper.model.LabelledStream.Row;
import dev.temper.storage.Folder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The embedding of the padding token learns nothing from being looked up, where transformers' family says so. */
final class PaddingRowTest {
    private static final int PAD = 7; // in several of the rows
    private static final List<Row> ROWS = TinyModel.rows(9);

    @TempDir
    private Path folder;

    private Workspace workspace;

    @BeforeEach
    void open() {
        workspace = Workspace.open(1);
    }

    @AfterEach
    void close() {
        workspace.close();
    }

    /** A model with more fields; weights do not depend on them. */
    private Replica replica(String config, String more) throws Exception {
        String text = config.strip().replaceAll("}$", ", " + more + "}");
        TinyModel.weights(folder, text).write(folder.resolve("model.safetensors"));
        return Replica.of(workspace, folder);
    }

    private static Map<String, float[]> gradients(Replica replica) {
        replica.recorded(ROWS);
        return replica.parameters().specs().stream()
                .collect(Collectors.toMap(
                        TrainedParameters.Spec::name,
                        spec -> replica.parameters().gradient(spec.name()).toFloatArray()));
    }

    private static String embedding(Replica replica) {
        return parameter(replica, replica.network().architecture().embedding());
    }

    private static String parameter(Replica replica, String key) {
        return replica.network().architecture().parameters().stream()
                .filter(parameter ->
                        parameter.layer() == Parameter.SHARED && parameter.key().equals(key))
                .findFirst()
                .orElseThrow()
                .name();
    }

    private static float[] row(float[] matrix, int row, int rows) {
        int width = matrix.length / rows;
        return Arrays.copyOfRange(matrix, row * width, (row + 1) * width);
    }

    /** With an output head of its own nothing reaches the row; every other gradient is the same to the bit. */
    @ParameterizedTest
    @EnumSource
    void itsRowAloneIsLeftOut(TinyModel model) throws Exception {
        boolean isLookedUp = model == TinyModel.GPT2 || model == TinyModel.GPT_NEO; // no padding_idx there
        boolean isTied = model == TinyModel.GPT_NEO; // always, with us
        String untied = "\"tie_word_embeddings\": " + isTied + ", \"pad_token_id\": ";
        Replica plain = replica(model.config(), untied + "null");
        Map<String, float[]> expected = gradients(plain);
        Map<String, float[]> found = gradients(replica(model.config(), untied + PAD));
        float[] rows = expected.get(embedding(plain));
        float[] learned = row(rows, PAD, TinyModel.VOCABULARY);
        assertThat(learned).isNotEqualTo(new float[learned.length]);
        if (!isLookedUp) {
            Arrays.fill(rows, PAD * learned.length, (PAD + 1) * learned.length, 0);
        }

        assertThat(found.keySet()).isEqualTo(expected.keySet());
        found.forEach((name, gradient) -> assertThat(gradient).as(name).isEqualTo(expected.get(name)));
    }

    /** A head that is the embedding reaches it: what is left is the gradient of that head alone. */
    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "GPT_NEO")
    void aTiedHeadStillReachesIt(TinyModel model) throws Exception {
        boolean isLookedUp = model == TinyModel.GPT2;
        Replica apart = replica(model.config(), "\"tie_word_embeddings\": false, \"pad_token_id\": null");
        String head = parameter(apart, "lm_head");
        TrainedParameters weights = apart.parameters();
        workspace.tensors().copy(weights.weight(embedding(apart)), Workspace.detach(weights.weight(head)));
        Map<String, float[]> both = gradients(apart);
        float[] ofHead = both.get(head);
        float[] ofLookUp = both.get(embedding(apart));
        Replica tied = replica(model.config(), "\"tie_word_embeddings\": true, \"pad_token_id\": " + PAD);

        float[] found = gradients(tied).get(embedding(tied));

        int width = found.length / TinyModel.VOCABULARY;
        float[] expected = new float[found.length];
        for (int i = 0; i < expected.length; i++) {
            expected[i] = ofHead[i] + (i / width == PAD && !isLookedUp ? 0 : ofLookUp[i]);
        }
        assertThat(found).containsExactly(expected, within(1e-6f));
        assertThat(row(ofHead, PAD, TinyModel.VOCABULARY)).isNotEqualTo(new float[width]);
    }

    /** Several passes add up, and so do those that compute their layers again. */
    @Test
    void passesAddUp() throws Exception {
        Replica tied = replica(TinyModel.LLAMA.config(), "\"tie_word_embeddings\": true, \"pad_token_id\": " + PAD);
        float[] together = tied.recorded(ROWS).gradients();

        assertThat(tied.oneByOne(ROWS).gradients()).containsExactly(together, within(1e-5f));
        assertThat(tied.checkpointed(ROWS).gradients()).containsExactly(together, within(1e-7f));
    }

    /** RoBERTa has a row for padding among its positions, too; BERT and DistilBERT have not. */
    @ParameterizedTest
    @CsvSource({"BERT, 4", "DISTILBERT, 4", "ROBERTA, 4", "ROBERTA, 0"})
    void encodersLeaveItOutToo(TinyClassifier model, int pad) throws Exception {
        Replica replica = replica(model.config(), "\"pad_token_id\": " + pad);
        int width = replica.network().architecture().sizes().width();
        replica.classified(List.of(
                new ClassifiedStream.Row(new int[] {3, 9, pad, 8, pad}, 0, 1, 0),
                new ClassifiedStream.Row(new int[] {pad, 6, 3}, 1, 1, 1)));
        float[] tokens = gradient(replica, "word_embeddings");
        float[] positions = gradient(replica, "position_embeddings");
        double[] allTokens = sums(tokens, width);
        double[] allPositions = sums(positions, width);
        float[] none = new float[width];

        assertThat(row(tokens, pad, TinyModel.VOCABULARY)).isEqualTo(none);
        assertThat(row(tokens, 9, TinyModel.VOCABULARY)).isNotEqualTo(none);
        if (model == TinyClassifier.ROBERTA) {
            assertThat(row(positions, pad, positions.length / width)).isEqualTo(none);
            assertThat(allTokens).containsExactly(allPositions, within(1e-6));
        } else { // the positions of padding are learned: all positions, and not all tokens
            assertThat(row(positions, 4, positions.length / width)).isNotEqualTo(none);
            assertThat(allTokens).isNotEqualTo(allPositions);
        }
        if (model != TinyClassifier.DISTILBERT) {
            double[] all = sums(gradient(replica, "token_type_embeddings"), width);
            assertThat(Math.abs(all[0] - allPositions[0]) < 1e-6).isEqualTo(model == TinyClassifier.BERT);
        }
    }

    private static float[] gradient(Replica replica, String key) {
        return replica.parameters().gradient(parameter(replica, key)).toFloatArray();
    }

    /** Of the columns. */
    private static double[] sums(float[] matrix, int width) {
        double[] sums = new double[width];
        for (int i = 0; i < matrix.length; i++) {
            sums[i % width] += matrix[i];
        }
        return sums;
    }

    /** As torch's padding_idx of what transformers' configuration classes make of the field. */
    @ParameterizedTest
    @CsvSource({
        "LLAMA, 'x': 0, -1",
        "LLAMA, 'pad_token_id': 30, 30",
        "LLAMA, 'pad_token_id': -1, 30",
        "LLAMA, 'pad_token_id': -31, 0",
        "LLAMA, 'pad_token_id': 0, 0",
        "MISTRAL, 'x': 0, -1",
        "QWEN3, 'pad_token_id': 3, 3",
        "PHI3, 'pad_token_id': null, -1",
        "PHI3, 'pad_token_id': 9, 9",
        "GEMMA2, 'pad_token_id': 2, 2",
        "GEMMA3, 'pad_token_id': null, -1",
        "GPT2, 'pad_token_id': 3, -1",
        "GPT2, 'pad_token_id': 50256, -1",
        "GPT_NEO, 'pad_token_id': 3, -1"
    })
    void itsRowIsTorchs(TinyModel model, String field, int row) throws Exception {
        Files.writeString(folder.resolve("config.json"), config(model, field.replace("'x': 0", "'use_cache': true")));

        assertThat(paddingRow()).isEqualTo(row < 0 ? OptionalInt.empty() : OptionalInt.of(row));
    }

    private static String config(TinyModel model, String field) {
        return model.config().strip().replaceAll("}$", ", " + field.replace('\'', '"') + "}");
    }

    private OptionalInt paddingRow() throws Exception {
        Architecture architecture = Architecture.read(Folder.local(folder));
        return architecture.parameters().stream()
                .filter(parameter -> parameter.key().equals(architecture.embedding()))
                .findFirst()
                .orElseThrow()
                .padding();
    }

    /** As transformers resizes it: a row that is gone is none. */
    @Test
    void itsRowStaysWhenTokensAreAdded() throws Exception {
        Files.writeString(folder.resolve("config.json"), config(TinyModel.GEMMA3, "'pad_token_id': 20"));
        Architecture architecture = Architecture.read(Folder.local(folder));

        assertThat(architecture.withVocabulary(36).tokenEmbedding().padding()).hasValue(20);
        assertThat(architecture.withVocabulary(21).tokenEmbedding().padding()).hasValue(20);
        assertThat(architecture.withVocabulary(20).tokenEmbedding().padding()).isEmpty();
    }

    @Test
    void familiesHaveTheirDefaults() throws Exception {
        Map<String, String> configs = Map.of(
                "phi3", config(TinyModel.PHI3, "'vocab_size': 32064").replace(", \"pad_token_id\": null", ""),
                "gemma2", TinyModel.GEMMA2.config().replace(", \"pad_token_id\": null", ""),
                "gemma3", TinyModel.GEMMA3.config().replace(", \"pad_token_id\": null", ""),
                "bert", TinyClassifier.BERT.config(),
                "distilbert", TinyClassifier.DISTILBERT.config(),
                "roberta", TinyClassifier.ROBERTA.config().replace("\"pad_token_id\": 1,", ""));
        Map<String, Integer> rows =
                Map.of("phi3", 32000, "gemma2", 0, "gemma3", 0, "bert", 0, "distilbert", 0, "roberta", 1);
        for (Map.Entry<String, Integer> expected : rows.entrySet()) {
            Files.writeString(folder.resolve("config.json"), configs.get(expected.getKey()));
            assertThat(paddingRow()).as(expected.getKey()).hasValue(expected.getValue());
        }
    }

    @ParameterizedTest
    @CsvSource({"31, ': 31'", "-32, ': -32'"})
    void aTokenThatIsNoneIsRefused(String pad, String said) throws Exception {
        Files.writeString(folder.resolve("config.json"), config(TinyModel.LLAMA, "'pad_token_id': " + pad));

        assertThatThrownBy(this::paddingRow)
                .isInstanceOf(InvalidInputException.class)
                .hasMessageEndingWith("config.json: pad_token_id" + said + ", which is no row of an embedding of 31:"
                        + " transformers does not open such a model either; correct it, or write null if there is no"
                        + " padding");
    }

    @Test
    void aDefaultThatIsNoneIsRefused() throws Exception {
        Files.writeString(
                folder.resolve("config.json"), TinyModel.PHI3.config().replace(", \"pad_token_id\": null", ""));

        assertThatThrownBy(this::paddingRow)
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(
                        "pad_token_id is missing, and means 32000, which is no row of an embedding of 31");
    }

    @ParameterizedTest
    @CsvSource({"null", "-2"})
    void robertaCountsItsPositionsFromIt(String pad) throws Exception {
        Files.writeString(
                folder.resolve("config.json"),
                TinyClassifier.ROBERTA.config().replace("\"pad_token_id\": 1", "\"pad_token_id\": " + pad));

        assertThatThrownBy(this::paddingRow)
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(
                        "pad_token_id: " + pad + ", but RoBERTa counts its positions from there: write its number");
    }
}
