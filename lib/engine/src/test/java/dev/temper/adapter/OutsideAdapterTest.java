package dev.temper.adapter;

import static dev.temper.model.GoldenModels.difference;
import static dev.temper.model.GoldenModels.floats;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.InvalidInputException;
import dev.temper.kernel.Workspace;
import dev.temper.model.Architecture;
import dev.temper.model.Backpropagation;
import dev.temper.model.LabelledStream;
import dev.temper.model.ModelWeights;
import dev.temper.model.Network;
import dev.temper.model.Parameter;
import dev.temper.model.StoredModel;
import dev.temper.model.Task;
import dev.temper.model.TinyModel;
import dev.temper.model.TokenStream;
import dev.temper.model.TrainedParameters;
import dev.temper.safetensors.SafetensorsFile;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorInfo;
import dev.temper.safetensors.TensorWriter;
import dev.temper.storage.Folder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What only adapters from outside have: updates of embeddings and heads, biases, rows beside the updates. The reference
 * is a base whose weights are computed here, in double precision, and which is then used and trained without an adapter.
 */
final class OutsideAdapterTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int[] TEXT = {3, 14, 15, 9, 26, 5, 3, 5, 8, 9};
    private static final int RANK = 3;
    private static final double SCALE = 5.0 / RANK;
    private static final String PREFIX = "base_model.model.";

    @TempDir
    Path disk;

    private Workspace workspace;
    private Architecture base;
    private final Random random = new Random(11);
    private final Map<String, float[]> tensors = new TreeMap<>(); // of the adapter
    private final Map<String, long[]> shapes = new TreeMap<>();
    private final ObjectNode config = JSON.createObjectNode();

    @BeforeEach
    void open() throws Exception {
        workspace = Workspace.open(1);
        config.put("peft_type", "LORA").put("task_type", "CAUSAL_LM").put("r", RANK).put("lora_alpha", 5);
    }

    @AfterEach
    void close() {
        workspace.close();
    }

    private void base(TinyModel model) throws Exception {
        Path folder = Files.createDirectories(disk.resolve("base"));
        model.write(folder);
        base = Architecture.read(Folder.local(folder));
    }

    private Parameter parameter(String end) {
        return base.parameters().stream()
                .filter(parameter -> parameter.name().endsWith(end))
                .findFirst()
                .orElseThrow();
    }

    /** The map to the vocabulary, which a tied base has as a module, too. */
    private Parameter head() {
        return Parameter.head(base.tokenEmbedding().shape());
    }

    private float[] add(String name, long... shape) {
        float[] values = new float[Math.toIntExact(new Shape(shape).size())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (0.3 * random.nextGaussian());
        }
        tensors.put(PREFIX + name, values);
        shapes.put(PREFIX + name, shape);
        return values;
    }

    /** The two matrices of a module's update. */
    private void update(Parameter parameter, long inputs, long outputs) {
        boolean isTable = parameter.kind() == Parameter.Kind.EMBEDDING;
        add(parameter.module() + (isTable ? ".lora_embedding_A" : ".lora_A.weight"), RANK, inputs);
        add(parameter.module() + (isTable ? ".lora_embedding_B" : ".lora_B.weight"), outputs, RANK);
    }

    private void target(Parameter... parameters) {
        for (Parameter parameter : parameters) {
            boolean isTable = parameter.kind() == Parameter.Kind.EMBEDDING;
            update(
                    parameter,
                    isTable ? parameter.shape().get(0) : parameter.inputs(),
                    isTable ? parameter.shape().get(1) : parameter.outputs());
            config.withArray("target_modules").add(parameter.module());
        }
    }

    private Folder adapter() throws Exception {
        Path folder = Files.createDirectories(disk.resolve("adapter"));
        Files.writeString(folder.resolve("adapter_config.json"), config.toString());
        SafetensorsFile file = new SafetensorsFile();
        tensors.forEach((name, values) -> file.add(name, shapes.get(name), values));
        file.write(folder.resolve("adapter_model.safetensors"));
        return Folder.local(folder);
    }

    private AdaptedModel adapted() throws Exception {
        return AdaptedModel.load(workspace, disk.resolve("base"), Task.causalLm(), adapter());
    }

    /** A base with an output head of its own and the adapter's number of tokens, its weights computed here. */
    private Architecture expected(int tokens) throws Exception {
        Path folder = Files.createDirectories(disk.resolve("expected"));
        ObjectNode written = (ObjectNode) JSON.readTree(disk.resolve("base/config.json").toFile());
        written.put("tie_word_embeddings", false).put("vocab_size", tokens);
        Files.writeString(folder.resolve("config.json"), written.toString());
        Architecture untied = Architecture.read(Folder.local(folder));
        TensorFiles files = TensorFiles.open(disk.resolve("base"), "model");
        SafetensorsFile file = new SafetensorsFile();
        for (Parameter parameter : untied.parameters()) {
            boolean isThere = files.index().find(parameter.name()).isPresent();
            float[] values = floats(files, isThere ? parameter.name() : base.tokenEmbedding().name());
            file.add(parameter.name(), parameter.shape().getShape(), updated(parameter, brought(parameter, values)));
        }
        file.write(folder.resolve("model.safetensors"));
        return untied;
    }

    /** What the adapter brings for a parameter, or what the base has. */
    private float[] brought(Parameter parameter, float[] values) {
        String end = parameter.name().substring(parameter.module().length());
        for (String name : List.of(parameter.name(), parameter.module() + ".base_layer" + end)) {
            if (tensors.containsKey(PREFIX + name)) {
                return tensors.get(PREFIX + name);
            }
        }
        boolean isTiedHead = parameter.kind() == Parameter.Kind.HEAD && base.isTied();
        return isTiedHead ? brought(base.tokenEmbedding(), values) : values;
    }

    private float[] updated(Parameter parameter, float[] values) {
        boolean isTable = parameter.kind() == Parameter.Kind.EMBEDDING;
        String module = PREFIX + parameter.module();
        float[] bias = tensors.get(module + ".lora_B.bias");
        if (bias != null && parameter.kind() == Parameter.Kind.BIAS) {
            float[] sum = values.clone();
            IntStream.range(0, sum.length).forEach(i -> sum[i] += (float) (SCALE * bias[i]));
            return sum;
        }
        float[] down = tensors.get(module + (isTable ? ".lora_embedding_A" : ".lora_A.weight"));
        float[] up = tensors.get(module + (isTable ? ".lora_embedding_B" : ".lora_B.weight"));
        if (down == null || parameter.shape().dimension() < 2) {
            return values;
        }
        boolean isTurned = isTable || parameter.isTransposed(); // stored (I, O)
        int inputs = down.length / RANK;
        int outputs = up.length / RANK;
        float[] sum = values.clone();
        for (int o = 0; o < outputs; o++) {
            for (int i = 0; i < inputs; i++) {
                double add = 0;
                for (int r = 0; r < RANK; r++) {
                    add += (double) up[o * RANK + r] * down[r * inputs + i];
                }
                sum[isTurned ? i * outputs + o : o * inputs + i] += (float) (SCALE * add);
            }
        }
        return sum;
    }

    private static float[] logits(Network network) {
        return Workspace.scoped(() -> network.logits(
                        TokenStream.of(List.of(TEXT)),
                        IntStream.range(0, TEXT.length).toArray())
                .toFloatArray());
    }

    /** The adapter over the base, merged into it, saved by us and loaded again: all as the expected base. */
    private AdaptedModel assertComputes(int tokens) throws Exception {
        AdaptedModel model = adapted();
        expected(tokens);
        try (Network whole = Network.open(workspace, disk.resolve("expected"))) {
            float[] expected = logits(whole);
            assertThat(logits(model.network())).containsExactly(expected, within(2e-5f));
            Folder saved = Folder.local(disk.resolve("saved"));
            model.adapter().save(saved, "base");
            AdaptedModel again = AdaptedModel.load(workspace, disk.resolve("base"), Task.causalLm(), saved);
            assertThat(logits(again.network())).isEqualTo(logits(model.network()));
            assertThat(logits(merged())).containsExactly(expected, within(2e-5f));
        }
        return model;
    }

    private Network merged() throws Exception {
        Path folder = disk.resolve("merged");
        StoredModel stored = StoredModel.read(disk.resolve("base"), Task.causalLm(), 0);
        try (MergedModel merged = MergedModel.open(workspace, stored, adapter())) {
            merged.save(Folder.local(folder), Folder.local(disk.resolve("base")), TensorWriter.SHARD_BYTES);
        }
        return Network.open(workspace, folder);
    }

    @ParameterizedTest
    @EnumSource
    void updatesOfEmbeddingAndHeadAreThoseOfTheirMatrices(TinyModel model) throws Exception {
        base(model);
        target(base.tokenEmbedding(), head(), parameter(model.targets().get(0) + ".weight"));

        assertComputes(base.sizes().vocabulary());
    }

    @ParameterizedTest
    @EnumSource
    void anUpdateOfATiedEmbeddingDoesNotReachTheHead(TinyModel model) throws Exception {
        base(model);
        target(base.tokenEmbedding());

        assertComputes(base.sizes().vocabulary());
    }

    /** By the chain rule, from the gradients of the matrices that the updates are added to. */
    @ParameterizedTest
    @EnumSource
    void gradientsOfEmbeddingAndHeadFollowFromTheirMatrices(TinyModel model) throws Exception {
        base(model);
        target(base.tokenEmbedding(), head());
        AdaptedModel adapted = adapted();
        Architecture untied = expected(base.sizes().vocabulary());
        TrainedParameters whole = new TrainedParameters(workspace, ModelWeights.specs(untied));
        Network network = Network.load(workspace, untied, TensorFiles.open(disk.resolve("expected"), "model"), whole);
        LabelledStream stream = LabelledStream.of(TinyModel.rows(4));

        double expected = Backpropagation.recording(network).accumulate(stream, 0.5);
        double loss = Backpropagation.recording(adapted.network()).accumulate(stream, 0.5);

        assertThat(loss).isCloseTo(expected, within(1e-5 * expected));
        for (Parameter matrix : List.of(base.tokenEmbedding(), head())) {
            boolean isTable = matrix.kind() == Parameter.Kind.EMBEDDING;
            float[] gradient = whole.gradient(matrix.name()).toFloatArray();
            int rows = Math.toIntExact(matrix.shape().get(0));
            float[][] byOutput = isTable ? turned(gradient, rows) : rows(gradient, rows);
            String module = PREFIX + matrix.module();
            float[] down = tensors.get(module + (isTable ? ".lora_embedding_A" : ".lora_A.weight"));
            float[] up = tensors.get(module + (isTable ? ".lora_embedding_B" : ".lora_B.weight"));
            check(adapted, module + (isTable ? ".lora_embedding_A" : ".lora_A.weight"), downGradient(byOutput, up));
            check(adapted, module + (isTable ? ".lora_embedding_B" : ".lora_B.weight"), upGradient(byOutput, down));
        }
    }

    private static void check(AdaptedModel adapted, String name, float[] expected) {
        TrainedParameters parameters = adapted.adapter().parameters();
        float largest = 0;
        for (float value : expected) {
            largest = Math.max(largest, Math.abs(value));
        }
        assertThat(largest).as(name).isGreaterThan(1e-3f);
        assertThat(difference(parameters.gradient(name).flatten(), expected))
                .as(name)
                .isLessThan(1e-4 * Math.max(1, largest));
    }

    private static float[][] rows(float[] flat, int count) {
        int width = flat.length / count;
        float[][] rows = new float[count][width];
        IntStream.range(0, flat.length).forEach(i -> rows[i / width][i % width] = flat[i]);
        return rows;
    }

    private static float[][] turned(float[] flat, int count) {
        int width = flat.length / count;
        float[][] rows = new float[width][count];
        IntStream.range(0, flat.length).forEach(i -> rows[i % width][i / width] = flat[i]);
        return rows;
    }

    /** {@code scale * B^T G}, G (O, I). */
    private static float[] downGradient(float[][] gradient, float[] up) {
        int inputs = gradient[0].length;
        double[] sums = new double[RANK * inputs];
        for (int o = 0; o < gradient.length; o++) {
            for (int r = 0; r < RANK; r++) {
                for (int i = 0; i < inputs; i++) {
                    sums[r * inputs + i] += SCALE * up[o * RANK + r] * gradient[o][i];
                }
            }
        }
        return narrow(sums);
    }

    /** {@code scale * G A^T}. */
    private static float[] upGradient(float[][] gradient, float[] down) {
        int inputs = gradient[0].length;
        double[] sums = new double[gradient.length * RANK];
        for (int o = 0; o < gradient.length; o++) {
            for (int r = 0; r < RANK; r++) {
                for (int i = 0; i < inputs; i++) {
                    sums[o * RANK + r] += SCALE * gradient[o][i] * down[r * inputs + i];
                }
            }
        }
        return narrow(sums);
    }

    private static float[] narrow(double[] values) {
        float[] narrow = new float[values.length];
        IntStream.range(0, values.length).forEach(i -> narrow[i] = (float) values[i]);
        return narrow;
    }

    @Test
    void theRowOfPaddingLearnsNothingInAnUpdateEither() throws Exception {
        base(TinyModel.LLAMA);
        Path file = disk.resolve("base/config.json");
        ObjectNode padded = (ObjectNode) JSON.readTree(file.toFile());
        Files.writeString(file, padded.put("pad_token_id", 9).toString());
        target(base.tokenEmbedding());
        AdaptedModel model = adapted();

        Backpropagation.recording(model.network()).accumulate(LabelledStream.of(List.of(row())), 1);

        String name = PREFIX + "model.embed_tokens.lora_embedding_A";
        float[][] gradient = rows(model.adapter().parameters().gradient(name).toFloatArray(), RANK);
        for (float[] row : gradient) {
            assertThat(row[9]).isZero();
            assertThat(row[5]).isNotZero();
        }
    }

    private static LabelledStream.Row row() {
        boolean[] trained = new boolean[TEXT.length];
        trained[TEXT.length - 1] = true;
        return new LabelledStream.Row(TEXT, trained, 1);
    }

    @ParameterizedTest
    @CsvSource({"GPT2", "LLAMA_TIED_WITH_BIASES"})
    void theBiasOfAnUpdateIsScaledWithIt(TinyModel model) throws Exception {
        base(model);
        Parameter target = parameter(model.targets().get(0) + ".weight");
        target(target);
        config.put("lora_bias", true);
        add(target.module() + ".lora_B.bias", target.outputs());

        AdaptedModel adapted = assertComputes(base.sizes().vocabulary());

        Backpropagation.recording(adapted.network()).accumulate(LabelledStream.of(TinyModel.rows(4)), 1);
        String name = PREFIX + target.module() + ".lora_B.bias";
        assertThat(adapted.adapter().parameters().gradient(name).toFloatArray()).doesNotContain(0f);
    }

    @Test
    void anUpdateWithABiasCannotBeMergedIntoAModuleWithoutOne() throws Exception {
        base(TinyModel.LLAMA);
        Parameter target = parameter("layers.1.self_attn.v_proj.weight");
        target(target);
        config.put("lora_bias", true);
        add(target.module() + ".lora_B.bias", target.outputs());
        adapted();

        assertThatThrownBy(this::merged)
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("lora_bias: model.layers.1.self_attn.v_proj has no bias that the update's could be added "
                        + "to, so it cannot be merged");
    }

    /** PEFT wraps what has an update: its bias has another name there. */
    @Test
    void allBiasesComeWithTheAdapterAndAreTrained() throws Exception {
        base(TinyModel.GPT2);
        Parameter target = parameter("h.1.attn.c_attn.weight");
        target(target);
        config.put("bias", "all");
        List<String> names = new ArrayList<>();
        for (Parameter parameter : base.parameters()) {
            if (parameter.name().endsWith(".bias")) {
                boolean isWrapped = parameter.module().equals(target.module());
                String name = isWrapped ? parameter.module() + ".base_layer.bias" : parameter.name();
                add(name, parameter.shape().getShape());
                names.add(PREFIX + name);
            }
        }

        AdaptedModel model = assertComputes(base.sizes().vocabulary());

        assertThat(model.adapter().parameters().specs())
                .extracting(TrainedParameters.Spec::name)
                .containsAll(names)
                .hasSize(names.size() + 2);
    }

    /** As PEFT 0.18 saves {@code lora_only}: without them. */
    @Test
    void aBiasThatTheAdapterLacksIsTheBases() throws Exception {
        base(TinyModel.GPT2);
        target(parameter("h.1.attn.c_attn.weight"));
        config.put("bias", "lora_only");

        AdaptedModel model = assertComputes(base.sizes().vocabulary());

        assertThat(model.adapter().parameters().specs())
                .extracting(TrainedParameters.Spec::name)
                .contains(PREFIX + "transformer.h.1.attn.c_attn.base_layer.bias");
    }

    @ParameterizedTest
    @CsvSource({"LLAMA, 34", "LLAMA_TIED_WITH_BIASES, 34", "GPT2, 29", "GEMMA2, 33"})
    void rowsBesideTheUpdatesAreTheModels(TinyModel model, int tokens) throws Exception {
        base(model);
        target(parameter(model.targets().get(0) + ".weight"));
        long width = base.sizes().width();
        add(base.tokenEmbedding().name(), tokens, width);
        float[] embedding = tensors.get(PREFIX + base.tokenEmbedding().name());
        if (base.isTied()) { // PEFT writes the one tensor under both names
            tensors.put(PREFIX + "lm_head.weight", embedding);
            shapes.put(PREFIX + "lm_head.weight", new long[] {tokens, width});
        } else {
            add("lm_head.weight", tokens, width);
        }

        assertComputes(tokens);
    }

    @Test
    void rowsThatAreMissingForNewTokensAreNamed() throws Exception {
        base(TinyModel.LLAMA);
        target(parameter("q_proj.weight"));
        add("model.embed_tokens.weight", 40, base.sizes().width());

        assertThatThrownBy(this::adapted)
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("the adapter was trained with 40 tokens, the base has 31, and the adapter has no rows of "
                        + "lm_head for them: save it again with save_embedding_layers=True");
    }

    @ParameterizedTest
    @CsvSource({"embed_tokens", "lm_head", "embed_tokens lm_head"})
    void aTiedBaseGetsAHeadOfItsOwnWhereOneOfTheTwoWasTrainedWhole(String saved) throws Exception {
        base(TinyModel.LLAMA_TIED_WITH_BIASES);
        target(parameter("q_proj.weight"));
        for (String module : saved.split(" ")) {
            config.withArray("modules_to_save").add(module);
            Parameter parameter = module.equals("lm_head") ? head() : base.tokenEmbedding();
            add(parameter.name(), parameter.shape().getShape());
        }

        AdaptedModel model = adapted();

        // Of embed_tokens alone the head stays the base's embedding.
        float[] embedding = floats(
                TensorFiles.open(disk.resolve("base"), "model"),
                base.tokenEmbedding().name());
        float[] head = tensors.getOrDefault(PREFIX + "lm_head.weight", embedding);
        assertThat(model.network().weight(head()).toFloatArray()).isEqualTo(head);
        float[] merged = logits(merged());
        assertThat(logits(model.network())).containsExactly(merged, within(2e-5f));
        TensorInfo written = TensorFiles.open(disk.resolve("merged"), "model")
                .index()
                .find("lm_head.weight")
                .orElseThrow();
        assertThat(written.shape()).isEqualTo(head().shape().getShape());
    }
}
