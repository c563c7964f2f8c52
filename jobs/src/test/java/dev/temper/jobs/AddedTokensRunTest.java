package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.kernel.Workspace;
import dev.temper.model.Architecture;
import dev.temper.safetensors.TensorFiles;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.storage.Folder;
import dev.temper.text.AddedTokens;
import dev.temper.text.NewToken;
import dev.temper.text.Tokenizer;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tokens that a tokenizer has and its model has not, and tokens that both get by {@code model.add_tokens}. */
final class AddedTokensRunTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;

    private Path base;

    @BeforeEach
    void writeRecipe() throws IOException {
        base = Files.createDirectory(folder.resolve("base"));
        for (String file : List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
            Files.copy(SmallRun.BASE.resolve(file), base.resolve(file));
        }
        StringBuilder csv = new StringBuilder("prompt,completion\n");
        for (int day = 10; day < 26; day++) {
            csv.append("Date: %d March 2024 ->,<iso> 2024-03-%d\n".formatted(day, day));
        }
        Files.writeString(folder.resolve("train.csv"), csv);
        Files.writeString(
                folder.resolve("eval.csv"),
                "prompt,completion\nDate: 1 May 2024 ->,<iso> 2024-05-01\nDate: 2 May 2024 ->,<iso> 2024-05-02\n");
        Files.writeString(
                folder.resolve("recipe.yaml"),
                """
                model: {base: @/base}
                data: {train: @/train.csv, chat_template: none, max_length: 64}
                training: {max_steps: 2, batch_size: 4, learning_rate: 1.0e-2}
                output: @/output
                """
                        .replace("@", folder.toString()));
    }

    @Test
    void aRowWithATokenThatTheModelLacksIsRejected() throws Exception {
        addToTokenizer("<image>");
        Files.writeString(folder.resolve("train.csv"), "Date: 1 May 2024 ->,<image>\n", StandardOpenOption.APPEND);

        Ended ended = run("data.max_rejected_fraction=0.1");

        assertThat(ended.err()).isEmpty();
        assertThat(ended.out())
                .contains("the tokenizer has 513 tokens and the model rows for 512: a row with one of the others is"
                        + " rejected");
        assertThat(manifest("output").path("rows").toString())
                .isEqualTo("{\"in\":17,\"trained\":16,\"evaluated\":0,\"rejected\":{\"unknown_token\":1}}");
        assertThat(run("output=" + folder.resolve("strict")).err())
                .startsWith("temper: data: 1 of 17 rows are rejected, more than data.max_rejected_fraction 0.01 allows:"
                        + " unknown_token 1")
                .contains("it contains <image>, token 512, and the model has rows for 512 tokens only");
    }

    @Test
    void aPromptWithATokenThatTheModelLacksIsRefused() throws Exception {
        addToTokenizer("<image>");

        Ended ended = run("generation.prompts=['a <image>']");

        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.err())
                .isEqualTo(
                        "temper: generation.prompts: 'a <image>' cannot be continued: it contains <image>, token 512,"
                                + " and the model has rows for 512 tokens only; leave that token out\n");
        assertThat(folder.resolve("output")).doesNotExist();
    }

    /** Six updates, so that the row of the token is learned, in the embedding that is the output head, too. */
    @Test
    void aWholeModelGetsTheToken() throws Exception {
        String[] overrides = {
            "model.add_tokens=['<iso>', '</s>']",
            "training.max_steps=6",
            "data.eval=" + folder.resolve("eval.csv"),
            "generation.prompts=['Date: 11 March 2024 ->']",
            "generation.max_new_tokens=3"
        };

        Ended ended = run(overrides);

        assertThat(ended.err()).isEmpty();
        assertThat(ended.out())
                .contains("model.add_tokens: the tokenizer has '</s>' already, as token 1")
                .contains("model.add_tokens: the model gets rows for 513 instead of 512 tokens; a new row starts as the"
                        + " mean of the others");
        Path model = folder.resolve("output/model");
        assertThat(JSON.readTree(model.resolve("config.json").toFile())
                        .path("vocab_size")
                        .asInt())
                .isEqualTo(513);
        assertThat(ids(model, "a <iso> b")).contains(512);
        float[] mean = mean();
        assertThat(row(model, 512)).hasSameSizeAs(mean).isNotEqualTo(mean);
        assertThat(manifest("output").at("/parameters/total").asLong())
                .isEqualTo(parameters(SmallRun.BASE) + mean.length);
        Ended evaluated = temper(
                "evaluate",
                model.toString(),
                folder.resolve("recipe.yaml").toString(),
                overrides[0],
                overrides[2],
                overrides[1]);
        assertThat(evaluated.err()).isEmpty();
        assertThat(loss(evaluated))
                .isCloseTo(manifest("output").at("/loss/after").asDouble(), within(1e-4));
        assertThat(temper("generate", model.toString(), "--prompt", "a <iso>").code())
                .isZero();
    }

    /** Of the embedding that token's row alone, which starts as the mean of all. */
    @Test
    void anAdapterTrainsTheRowOfTheToken() throws Exception {
        String tokens = "model.add_tokens=[{content: '<iso>', special: true}]";
        String eval = "data.eval=" + folder.resolve("eval.csv");
        String rows = "adapter.trainable_token_indices=added";

        Ended ended = run(tokens, rows, "adapter.r=2", eval);

        assertThat(ended.err()).isEmpty();
        Path adapter = folder.resolve("output/adapter");
        JsonNode config = JSON.readTree(adapter.resolve("adapter_config.json").toFile());
        assertThat(config.path("trainable_token_indices").toString()).isEqualTo("[512]");
        assertThat(JSON.readTree(adapter.resolve("tokenizer.json").toFile())
                        .at("/added_tokens/2")
                        .toString())
                .isEqualTo("{\"id\":512,\"content\":\"<iso>\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,"
                        + "\"normalized\":false,\"special\":true}");
        TensorFiles files = TensorFiles.open(adapter, "adapter_model");
        String table = "base_model.model.model.embed_tokens.token_adapter.";
        float[] whole = floats(files, table + "base_layer.weight");
        float[] mean = mean();
        assertThat(whole).hasSize(513 * mean.length);
        assertThat(Arrays.copyOf(whole, 512 * mean.length))
                .as("the base's rows")
                .isEqualTo(floats(TensorFiles.open(base, "model"), "model.embed_tokens.weight"));
        assertThat(Arrays.copyOfRange(whole, 512 * mean.length, whole.length)).isEqualTo(mean);
        assertThat(floats(files, table + "trainable_tokens_delta"))
                .hasSameSizeAs(mean)
                .isNotEqualTo(mean);

        Ended evaluated = temper(
                "evaluate",
                base.toString(),
                folder.resolve("recipe.yaml").toString(),
                tokens,
                eval,
                "--adapter",
                adapter.toString());
        assertThat(loss(evaluated))
                .isCloseTo(manifest("output").at("/loss/after").asDouble(), within(1e-4));
        Path merged = folder.resolve("merged");
        Ended merging =
                temper("merge", base.toString(), "--adapter", adapter.toString(), "--output", merged.toString());
        assertThat(merging.err()).isEmpty();
        assertThat(row(merged, 512)).isEqualTo(floats(files, table + "trainable_tokens_delta"));
        assertThat(JSON.readTree(merged.resolve("config.json").toFile())
                        .path("vocab_size")
                        .asInt())
                .isEqualTo(513);
    }

    @Test
    void whatStaysAsItStartsIsSaid() throws Exception {
        Ended ended = run("model.add_tokens=['<iso>']", "adapter.r=2");

        assertThat(ended.err()).isEmpty();
        assertThat(ended.out())
                .contains("model.add_tokens: the rows of the added tokens in model.embed_tokens are not trained: set"
                        + " adapter.trainable_token_indices: added");
        assertThat(TensorFiles.open(folder.resolve("output/adapter"), "adapter_model")
                        .index()
                        .names())
                .contains("base_model.model.model.embed_tokens.weight");
    }

    @Test
    void planCountsTheRows() throws Exception {
        String tokens = "model.add_tokens=['<iso>', '<us>', '<eu>']";
        long width = mean().length;
        JsonNode whole = plan(tokens);
        JsonNode rows = plan(tokens, "adapter={r: 1, target_modules: [q_proj], trainable_token_indices: ['<us>', 7]}");
        JsonNode without = plan(tokens, "adapter={r: 1, target_modules: [q_proj]}");

        assertThat(whole.at("/parameters/total").asLong()).isEqualTo(parameters(SmallRun.BASE) + 3 * width);
        assertThat(rows.at("/parameters/trainable").asLong()
                        - without.at("/parameters/trainable").asLong())
                .isEqualTo(2 * width);
        assertThat(without.at("/bytes/weights_held").asLong()
                        - plan("adapter={r: 1, target_modules: [q_proj]}")
                                .at("/bytes/weights_held")
                                .asLong())
                .as("an embedding with more rows is not that of the files")
                .isEqualTo(4 * 515 * width);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "model.add_tokens=[a, a] | model.add_tokens names 'a' twice; name it once",
                "model.add_tokens=[' '] | model.add_tokens: ' ' is blank, and no token",
                "adapter.trainable_token_indices=added | adapter.trainable_token_indices: added:"
                        + " model.add_tokens names no tokens",
                "adapter.trainable_token_indices=['<no>'] | adapter.trainable_token_indices: the"
                        + " tokenizer has no token '<no>': add it with model.add_tokens",
                "adapter.trainable_token_indices=[3, 3] | adapter.trainable_token_indices names a token"
                        + " twice: [3, 3]; name each once",
                "adapter.trainable_token_indices=[512] | adapter.trainable_token_indices:"
                        + " model.embed_tokens has no row 512, but rows 0 to 511",
                "adapter.trainable_token_indices=0.5 | adapter.trainable_token_indices must be added, a"
                        + " list of tokens or their ids, or a mapping from modules to these, got 0.5",
                "adapter={modules_to_save: [norm], trainable_token_indices: {norm: [1]}} |"
                        + " adapter.trainable_token_indices: norm is no embedding and no output head of a llama"
                        + " model: name [model.embed_tokens]"
            })
    void aMistakeIsOneSentence(String override, String message) {
        assertThat(run(override)).isEqualTo(new Ended(2, "", "temper: " + message + "\n"));
    }

    private JsonNode plan(String... overrides) throws IOException {
        String[] start = {"plan", folder.resolve("recipe.yaml").toString(), "--json"};
        Ended ended = temper(Stream.of(start, overrides).flatMap(Stream::of).toArray(String[]::new));
        assertThat(ended.err()).isEmpty();
        return JSON.readTree(ended.out());
    }

    private static long parameters(Path model) throws IOException {
        return Architecture.read(Folder.local(model)).parameterCount();
    }

    /** Of the base's embedding. */
    private static float[] mean() throws IOException {
        float[] all = floats(TensorFiles.open(SmallRun.BASE, "model"), "model.embed_tokens.weight");
        int width = all.length / 512;
        try (Workspace workspace = Workspace.open(1)) {
            return workspace
                    .floats(all, new Shape(512, width))
                    .mean(new int[] {0})
                    .toFloatArray();
        }
    }

    private static float[] row(Path model, int id) throws IOException {
        float[] all = floats(TensorFiles.open(model, "model"), "model.embed_tokens.weight");
        int width = mean().length;
        return Arrays.copyOfRange(all, id * width, (id + 1) * width);
    }

    private static float[] floats(TensorFiles files, String name) throws IOException {
        FloatBuffer buffer = files.bytes(name).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
        float[] values = new float[buffer.remaining()];
        buffer.get(values);
        return values;
    }

    private static List<Integer> ids(Path model, String text) {
        try (Tokenizer tokenizer = Tokenizer.open(model)) {
            return Arrays.stream(tokenizer.encode(text).ids()).boxed().toList();
        }
    }

    /** As the command printed it. */
    private static double loss(Ended evaluated) {
        String line = evaluated
                .out()
                .lines()
                .filter(text -> text.startsWith("loss "))
                .findFirst()
                .orElseThrow(() -> new AssertionError(evaluated.toString()));
        return Double.parseDouble(line.replaceAll(".*?(\\d+\\.\\d+).*", "$1"));
    }

    private void addToTokenizer(String token) throws IOException {
        AddedTokens added = new AddedTokens(List.of(NewToken.of(token)));
        for (Map.Entry<String, String> file : added.changes(Folder.local(base)).entrySet()) {
            Files.writeString(base.resolve(file.getKey()), file.getValue());
        }
    }

    private Ended run(String... overrides) {
        String[] start = {"run", folder.resolve("recipe.yaml").toString()};
        return temper(Stream.of(start, overrides).flatMap(Stream::of).toArray(String[]::new));
    }

    private static Ended temper(String... arguments) {
        HadoopStore store = Jobs.store();
        return Ended.run(
                arguments,
                new RunCommand(store, recipe -> Jobs.run(recipe, List.of("0.1.0", "0123abc"))),
                new PlanCommand(store, request -> Jobs.plan(store, request)),
                new EvaluateCommand(store, request -> Jobs.evaluate(store, request)),
                new GenerateCommand(request -> GenerateJob.run(store, request)),
                new MergeCommand(request -> Jobs.merge(store, request)));
    }

    private JsonNode manifest(String output) throws IOException {
        return JSON.readTree(folder.resolve(output).resolve("manifest.json").toFile());
    }
}
