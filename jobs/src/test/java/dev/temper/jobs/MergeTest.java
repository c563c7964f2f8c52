package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.adapter.AdaptedModel;
import dev.temper.adapter.LoraAdapter;
import dev.temper.adapter.LoraConfig;
import dev.temper.kernel.Workspace;
import dev.temper.model.ModelTask;
import dev.temper.model.Network;
import dev.temper.model.Parameter;
import dev.temper.model.StoredModel;
import dev.temper.model.TinyClassifier;
import dev.temper.model.TinyModel;
import dev.temper.model.TokenStream;
import dev.temper.model.TrainedParameters;
import dev.temper.run.AdapterMerge;
import dev.temper.run.RunListener;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorInfo;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code temper merge}: the merged model answers as the base with its adapter. */
final class MergeTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final TokenStream STREAM = TokenStream.of(List.of(new int[] {3, 1, 4, 1, 5}, new int[] {9, 2, 6}));
    private static final int[] ALL = {0, 1, 2, 3, 4, 5, 6, 7};

    @TempDir
    private Path disk;

    private Path base;
    private Path adapter;
    private Path output;

    @BeforeEach
    void folders() {
        base = disk.resolve("base");
        adapter = disk.resolve("run/adapter");
        output = disk.resolve("merged/model");
    }

    private Ended merge() {
        return merge("merge", base.toString(), "--adapter", adapter.toString(), "--output", output.toString());
    }

    private static Ended merge(String... args) {
        return Ended.run(args, new MergeCommand(request -> Jobs.merge(Jobs.store(), request)));
    }

    static LoraConfig lora(List<String> targets, boolean useDora, List<String> modulesToSave) {
        return new LoraConfig(
                "lora",
                3,
                4,
                0,
                targets,
                List.of(),
                List.of(),
                Map.of(),
                Map.of(),
                !useDora,
                useDora,
                modulesToSave,
                false,
                List.of(),
                Optional.empty());
    }

    private void writeAdapter(ModelTask task, LoraConfig config) throws IOException {
        writeAdapter(base, adapter, task, config);
    }

    /** Writes an adapter in which nothing is as it starts. */
    static void writeAdapter(Path base, Path adapter, ModelTask task, LoraConfig config) throws IOException {
        try (Workspace workspace = Workspace.open(1)) {
            StoredModel stored = StoredModel.read(base, task, 7);
            List<TrainedParameters.Spec> specs = LoraAdapter.specs(config, stored.architecture());
            try (Network network = stored.load(workspace, LoraAdapter.trainedWhole(specs))) {
                TrainedParameters parameters = new TrainedParameters(workspace, specs);
                LoraAdapter fresh = LoraAdapter.create(config, network, parameters, 5);
                FloatBuffer values = Workspace.memory(parameters.flatWeights()).asFloatBuffer();
                for (int i = 0; i < values.limit(); i++) {
                    values.put(i, values.get(i) * (1 + (float) Math.sin(i) / 5));
                }
                fresh.save(Folder.local(adapter), "base");
            }
        }
    }

    private float[] adapted(ModelTask task) throws IOException {
        try (Workspace workspace = Workspace.open(1)) {
            Network network = AdaptedModel.load(workspace, base, task, Folder.local(adapter))
                    .network();
            return answers(network);
        }
    }

    private float[] merged() throws IOException {
        try (Workspace workspace = Workspace.open(1);
                Network network = Network.open(workspace, output)) {
            return answers(network);
        }
    }

    private static float[] answers(Network network) {
        if (network.architecture().task().isCausal()) {
            return network.logits(STREAM, ALL).toFloatArray();
        }
        float[][] rows = network.classify(STREAM);
        float[] all = new float[rows.length * rows[0].length];
        for (int i = 0; i < all.length; i++) {
            all[i] = rows[i / rows[0].length][i % rows[0].length];
        }
        return all;
    }

    private static void assertNear(float[] actual, float[] expected, float tolerance) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < expected.length; i++) {
            assertThat(actual[i]).as("element %d", i).isCloseTo(expected[i], within(tolerance));
        }
    }

    @ParameterizedTest
    @EnumSource
    void answersAsTheBaseWithItsAdapter(TinyModel model) throws Exception {
        model.write(base);
        Files.writeString(base.resolve("chat_template.jinja"), "{{ messages }}");
        for (boolean useDora : new boolean[] {false, true}) {
            boolean hasHead = model == TinyModel.LLAMA || model == TinyModel.PHI3;
            writeAdapter(
                    ModelTask.causalLm(),
                    lora(model.targets(), useDora, hasHead ? List.of("lm_head", "norm") : List.of()));

            Ended ended = merge();

            assertThat(ended).isEqualTo(new Ended(0, "merged into " + output + "\n", ""));
            assertNear(merged(), adapted(ModelTask.causalLm()), 1e-5f);
            assertThat(output.resolve("chat_template.jinja")).hasContent("{{ messages }}");
            assertThat(Files.readString(output.resolve("README.md"))).contains("merged adapter | adapter");
            for (String file : List.of("config.json", "generation_config.json", "model.safetensors", "README.md")) {
                Files.delete(output.resolve(file));
            }
            Files.delete(output.resolve("chat_template.jinja"));
        }
    }

    @Test
    void theTokenizerAndTheTemplateOfTheAdapterGoBeforeTheBases() throws Exception {
        TinyModel.GPT2.write(base);
        writeTokenizer(base, "{\"eos_token\": \"</s>\", \"chat_template\": \"base\"}");
        Files.writeString(base.resolve("merges.txt"), "of the base");
        Files.createDirectories(base.resolve("additional_chat_templates"));
        Files.writeString(base.resolve("additional_chat_templates/rag.jinja"), "base");
        writeAdapter(ModelTask.causalLm(), lora(List.of("c_attn"), false, List.of()));
        Files.createDirectories(adapter.resolve("additional_chat_templates"));
        Files.writeString(adapter.resolve("additional_chat_templates/tool_use.jinja"), "adapter's tools");
        Files.writeString(adapter.resolve("chat_template.jinja"), "adapter");

        assertThat(merge().err()).isEmpty();

        assertThat(endToken()).isEqualTo("</s>");
        assertThat(output.resolve("merges.txt")).hasContent("of the base");
        assertTemplates();
        writeTokenizer(adapter, "{\"eos_token\": \"<s>\"}");
        output = disk.resolve("merged/again");

        assertThat(merge().err()).isEmpty();

        assertThat(endToken()).isEqualTo("<s>");
        assertThat(output.resolve("merges.txt")).doesNotExist();
        assertTemplates();
        assertThat(Files.readString(output.resolve("README.md"))).contains("apply_chat_template");
        Files.writeString(disk.resolve("run/run.yaml"), "data: {chat_template: none}\n");
        output = disk.resolve("merged/plain");
        assertThat(merge().err()).isEmpty();
        assertThat(Files.readString(output.resolve("README.md"))).doesNotContain("apply_chat_template");
    }

    private static void writeTokenizer(Path folder, String config) throws IOException {
        Path file = folder.resolve("tokenizer.json");
        Files.copy(SmallRun.BASE.resolve("tokenizer.json"), file, StandardCopyOption.REPLACE_EXISTING);
        Files.writeString(folder.resolve("tokenizer_config.json"), config);
    }

    private String endToken() throws IOException {
        JsonNode config = JSON.readTree(output.resolve("tokenizer_config.json").toFile());
        return config.path("eos_token").asText();
    }

    private void assertTemplates() throws IOException {
        assertThat(Files.readString(output.resolve("tokenizer_config.json"))).doesNotContain("chat_template");
        assertThat(output.resolve("chat_template.jinja")).hasContent("adapter");
        assertThat(output.resolve("additional_chat_templates"))
                .isDirectoryContaining(file -> file.endsWith("tool_use.jinja"))
                .isDirectoryNotContaining(file -> file.endsWith("rag.jinja"));
    }

    @ParameterizedTest
    @EnumSource
    void classifiersKeepTheirHeads(TinyClassifier model) throws Exception {
        model.write(base);
        ModelTask task = ModelTask.of(Folder.local(base));
        writeAdapter(task, lora(model.targets(), false, List.of()));

        assertThat(merge().err()).isEmpty();

        assertNear(merged(), adapted(task), 1e-5f);
        assertThat(ModelTask.of(Folder.local(output))).isEqualTo(task);
    }

    @ParameterizedTest
    @ValueSource(strings = {"LABEL_0, LABEL_1, LABEL_2", "bad, fine, good"})
    void aBaseThatNeverClassifiedGetsTheAdaptersHead(String labels) throws Exception {
        TinyModel.LLAMA.write(base);
        List<String> names = List.of(labels.split(", "));
        ModelTask task = ModelTask.classification(names);
        writeAdapter(task, lora(TinyModel.LLAMA.targets(), false, List.of()));
        if (names.contains("good")) {
            Files.writeString(disk.resolve("run/run.yaml"), "model: {labels: [bad, fine, good]}\n");
        }

        assertThat(merge().err()).isEmpty();

        assertThat(ModelTask.of(Folder.local(output)).labels()).isEqualTo(names);
        assertNear(merged(), adapted(task), 1e-5f);
    }

    @ParameterizedTest
    @CsvSource({"BF16, bfloat16, 0.00390626", "F16, float16, 0.00048829"})
    void isWrittenInTheTypeOfTheBase(String dtype, String name, float step) throws Exception {
        TinyModel.GPT2.write(base);
        SavedBase.narrow(base, dtype);
        writeAdapter(ModelTask.causalLm(), lora(List.of("c_attn"), false, List.of("ln_f")));

        assertThat(merge().err()).isEmpty();

        assertThat(config().path("torch_dtype").asText()).isEqualTo(name);
        assertMerged(dtype, step);
        TensorFiles before = TensorFiles.open(base, "model");
        TensorFiles after = TensorFiles.open(output, "model");
        assertThat(after.bytes("transformer.wte.weight")).isEqualTo(before.bytes("transformer.wte.weight"));
        String changed = "transformer.h.1.attn.c_attn.weight";
        assertThat(after.bytes(changed)).isNotEqualTo(before.bytes(changed));
    }

    private JsonNode config() throws IOException {
        return JSON.readTree(output.resolve("config.json").toFile());
    }

    /** Every tensor is what the base and the adapter make it, rounded once. */
    private void assertMerged(String dtype, float step) throws IOException {
        try (Workspace workspace = Workspace.open(1);
                Network saved = Network.open(workspace, output)) {
            AdaptedModel model = AdaptedModel.load(workspace, base, ModelTask.causalLm(), Folder.local(adapter));
            for (Parameter parameter : model.network().architecture().parameters()) {
                NDArray weight = Workspace.detach(model.network().weight(parameter));
                float[] expected = model.adapter().merged(parameter, weight).toFloatArray();
                float[] actual = saved.weight(parameter).toFloatArray();
                for (int i = 0; i < expected.length; i++) {
                    assertThat(actual[i])
                            .as("%s %d", parameter.name(), i)
                            .isCloseTo(expected[i], within(Math.abs(expected[i]) * step + 6e-8f));
                }
            }
        }
        assertThat(TensorFiles.open(output, "model").index().tensors().values())
                .extracting(TensorInfo::dtype)
                .containsOnly(dtype);
    }

    @ParameterizedTest
    @CsvSource({"F32, BF16, 0.00390626", "BF16, BF16, 0.00390626", "F16, F16, 0.00048829"})
    void aBaseIn4BitsIsWrittenIn16(String dtype, String written, float step) throws Exception {
        TinyModel.LLAMA.write(base);
        if (!dtype.equals("F32")) {
            SavedBase.narrow(base, dtype);
        }
        SavedBase.quantize(base, disk.resolve("local"));
        writeAdapter(ModelTask.causalLm(), lora(TinyModel.LLAMA.targets(), true, List.of()));

        Ended ended = merge();

        assertThat(ended.err()).isEmpty();
        assertThat(ended.out()).startsWith("the base is quantized in 4 bits; the merged model is written in 16 bits\n");
        assertThat(config().has("quantization_config")).isFalse();
        assertMerged(written, step);
    }

    @Test
    void shardsAreOneModel() throws Exception {
        TinyModel.LLAMA.write(base);
        writeAdapter(ModelTask.causalLm(), lora(TinyModel.LLAMA.targets(), false, List.of()));

        AdapterMerge.merge(
                Jobs.store(),
                new AdapterMerge.Request(base.toString(), adapter.toString(), output.toString()),
                RunListener.silent(),
                4000);

        assertThat(output.resolve("model.safetensors.index.json")).exists();
        assertNear(merged(), adapted(ModelTask.causalLm()), 1e-5f);
    }

    @Test
    void aFailureLeavesNothing() throws Exception {
        TinyModel.LLAMA.write(base);
        SavedBase.narrow(base, "F16");
        writeAdapter(ModelTask.causalLm(), lora(List.of("v_proj"), false, List.of()));
        Path config = adapter.resolve("adapter_config.json");
        ObjectNode fields = (ObjectNode) JSON.readTree(config.toFile());
        Files.writeString(config, fields.put("lora_alpha", 1e7).toString());

        Ended ended = merge();

        assertThat(ended.err())
                .startsWith("temper: the tensor model.layers.0.self_attn.v_proj.weight becomes as large as ")
                .endsWith("which float16 cannot hold: save the base in bfloat16 or float32\n");
        assertThat(ended.code()).isEqualTo(2);
        assertThat(disk.resolve("merged")).doesNotExist();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    nothing | @/nothing does not exist; name a folder that does
                    no adapter | --adapter: @/nothing does not exist; name a folder that does
                    a base as adapter | @/base is no adapter folder: there is no adapter_config.json
                    not empty | --output: @/full is not empty; name another folder or empty it
                    inside | --output: @/base/model and FOLDER: @/base lie one in the other; name an output apart
                    a file | --output: @/run/adapter/adapter_config.json and --adapter: @/run/adapter lie one in
                    file | --output: @/file is a file; name a folder
                    other base | @/run/adapter: base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight has the \
                    shape [3, 12], but this base model needs (3, 13): the adapter belongs to another base
                    damaged | @/run/adapter/adapter_model.safetensors is cut off
                    no model | @/base is no model folder: there is no config.json
                    """)
    void mistakesAreOneSentenceAndChangeNothing(String mistake, String says) throws Exception {
        TinyModel.LLAMA.write(base);
        writeAdapter(ModelTask.causalLm(), lora(List.of("q_proj"), false, List.of()));
        Files.writeString(disk.resolve("file"), "mine");
        List<String> args = new ArrayList<>(List.of(base.toString(), adapter.toString(), output.toString()));
        switch (mistake) {
            case "nothing" -> args.set(0, disk + "/nothing");
            case "no adapter" -> args.set(1, disk + "/nothing");
            case "a base as adapter" -> args.set(1, base.toString());
            case "not empty" -> {
                Files.createDirectories(disk.resolve("full/things"));
                args.set(2, disk + "/full");
            }
            case "inside" -> args.set(2, disk + "/base/model");
            case "a file" -> args.set(2, adapter + "/adapter_config.json");
            case "file" -> args.set(2, disk + "/file");
            case "other base" -> TinyModel.weights(
                            base, TinyModel.LLAMA.config().replace("12,", "13,"))
                    .write(base.resolve("model.safetensors"));
            case "damaged" -> Files.write(adapter.resolve("adapter_model.safetensors"), new byte[3]);
            default -> Files.delete(base.resolve("config.json"));
        }

        Ended ended = merge("merge", args.get(0), "--adapter", args.get(1), "--output", args.get(2));

        assertThat(ended.err()).startsWith("temper: ").contains(says.replace("@", disk.toString()));
        assertThat(ended.err().lines()).hasSize(1);
        assertThat(ended.code()).isEqualTo(2);
        assertThat(disk.resolve("merged")).doesNotExist();
        assertThat(base.resolve("model")).doesNotExist();
    }
}
