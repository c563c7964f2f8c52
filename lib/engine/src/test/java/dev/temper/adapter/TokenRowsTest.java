package dev.temper.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import dev.temper.check.InvalidInputException;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.model.Architecture;
import dev.temper.model.Backpropagation;
import dev.temper.model.LabelledStream;
import dev.temper.model.ModelFolder;
import dev.temper.model.ModelTask;
import dev.temper.model.ModelWeights;
import dev.temper.model.Network;
import dev.temper.model.Parameter;
import dev.temper.model.StoredModel;
import dev.temper.model.TinyModel;
import dev.temper.model.TokenStream;
import dev.temper.model.TrainedParameters;
import dev.temper.quant.Quantization;
import dev.temper.safetensors.SafetensorsFile;
import dev.temper.safetensors.TensorFiles;
import dev.temper.storage.Folder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Single rows of the embedding and of the output head that are trained beside an adapter. */
final class TokenRowsTest {
    private static final LabelledStream BATCH = LabelledStream.of(TinyModel.rows(6));
    private static final List<Integer> IDS = List.of(7, 30, 2);
    private static final double SCALE = 0.5;

    @TempDir
    Path disk;

    private Workspace workspace;

    @BeforeEach
    void open() {
        workspace = Workspace.open(1);
    }

    @AfterEach
    void close() {
        workspace.close();
    }

    /** A network with an adapter whose updates are zero. */
    private record Adapted(Network network, LoraAdapter adapter, TrainedParameters parameters) {}

    private Adapted adapted(LoraConfig config) throws Exception {
        StoredModel base = StoredModel.read(disk, ModelTask.causalLm(), 0);
        List<TrainedParameters.Spec> specs = LoraAdapter.specs(config, base.architecture());
        Network network = base.load(workspace, LoraAdapter.trainedWhole(specs));
        TrainedParameters parameters = new TrainedParameters(workspace, specs);
        return new Adapted(network, LoraAdapter.create(config, network, parameters, 3), parameters);
    }

    private static LoraConfig config(TinyModel model, Object tokens) {
        return config(model, List.of(), tokens);
    }

    private static LoraConfig config(TinyModel model, List<String> modulesToSave, Object tokens) {
        return new LoraConfig(
                "lora",
                2,
                4,
                0,
                model.targets(),
                List.of(),
                List.of(),
                Map.of(),
                Map.of(),
                false,
                false,
                modulesToSave,
                true,
                tokens,
                Optional.empty());
    }

    /** In every table that has rows. */
    private static Object everywhere(Architecture architecture) {
        Map<String, Object> tables = new LinkedHashMap<>();
        tables(architecture).forEach(table -> tables.put(table.module(), IDS));
        return tables.size() > 1 ? tables : IDS;
    }

    private static List<Parameter> tables(Architecture architecture) {
        return architecture.parameters().stream()
                .filter(architecture::hasRowPerToken)
                .toList();
    }

    private static String rows(Parameter table) {
        return "base_model.model." + table.module() + ".token_adapter.trainable_tokens_delta";
    }

    @ParameterizedTest
    @EnumSource
    void gradientsAreThoseOfTheWholeTable(TinyModel model) throws Exception {
        Architecture architecture = Architecture.read(Folder.local(model.write(disk)));
        TrainedParameters all = new TrainedParameters(workspace, ModelWeights.specs(architecture));
        Network whole = Network.load(workspace, architecture, TensorFiles.open(disk, "model"), all);
        double expected = Backpropagation.recording(whole).accumulate(BATCH, SCALE);

        Adapted adapted = adapted(config(model, everywhere(architecture)));
        double loss = Backpropagation.recording(adapted.network()).accumulate(BATCH, SCALE);

        assertThat(loss).isCloseTo(expected, within(1e-6 * expected));
        for (Parameter table : tables(architecture)) {
            float[] gradient = adapted.parameters().gradient(rows(table)).toFloatArray();
            NDArray reference = all.gradient(table.name());
            int width = Math.toIntExact(table.shape().get(1));
            for (int i = 0; i < gradient.length; i++) {
                float one = reference.getFloat(IDS.get(i / width), i % width);
                assertThat(gradient[i]).as(table + " " + i).isCloseTo(one, within(1e-5f));
            }
        }
        assertThat(adapted.parameters().gradients().stream()
                        .filter(gradient -> gradient.abs().max().getFloat() > 1e-4)
                        .count())
                .as("rows learn, and B; A does not as B is zero")
                .isEqualTo(tables(architecture).size()
                        + adapted.parameters().specs().stream()
                                .filter(spec -> spec.name().contains("lora_B"))
                                .count());
    }

    @ParameterizedTest
    @EnumSource
    void movedRowsAreUsedSavedLoadedAndMerged(TinyModel model) throws Exception {
        Architecture architecture = Architecture.read(Folder.local(model.write(disk)));
        float[] before = logits(Network.open(workspace, disk));
        Adapted adapted = adapted(config(model, everywhere(architecture)));
        assertThat(logits(adapted.network())).as("a fresh adapter is the base").isEqualTo(before);
        move(adapted.parameters());
        float[] expected = logits(adapted.network());

        adapted.adapter().save(Folder.local(disk.resolve("adapter")), null);
        ModelFolder.save(
                Folder.local(disk.resolve("merged")),
                Network.open(workspace, disk),
                Folder.local(disk),
                adapted.adapter()::merged);

        assertThat(expected).isNotEqualTo(before);
        assertThat(logits(Network.open(workspace, disk)))
                .as("the base in the same memory")
                .isEqualTo(before);
        Network again = AdaptedModel.load(workspace, disk, ModelTask.causalLm(), Folder.local(disk.resolve("adapter")))
                .network();
        assertThat(logits(again)).isEqualTo(expected);
        assertThat(logits(Network.open(workspace, disk.resolve("merged")))).containsExactly(expected, within(1e-5f));
        try (MergedModel merged = MergedModel.open(
                workspace, StoredModel.read(disk, ModelTask.causalLm(), 0), Folder.local(disk.resolve("adapter")))) {
            merged.save(Folder.local(disk.resolve("written")), Folder.local(disk), Long.MAX_VALUE);
        }
        assertThat(logits(Network.open(workspace, disk.resolve("written")))).containsExactly(expected, within(1e-5f));
    }

    @ParameterizedTest
    @EnumSource
    void aBaseGetsRowsAtTheMeanOfItsOwn(TinyModel model) throws Exception {
        StoredModel base =
                StoredModel.read(model.write(disk), ModelTask.causalLm(), 0).withVocabulary(34);
        Network frozen = base.load(workspace);
        Network trained =
                base.load(workspace, new TrainedParameters(workspace, ModelWeights.specs(base.architecture())));
        ModelFolder.save(Folder.local(disk.resolve("saved")), trained, Folder.local(disk));
        Network saved = Network.open(workspace, disk.resolve("saved"));

        for (Parameter table : tables(base.architecture())) {
            assertThat(table.shape().get(0)).isEqualTo(34);
            NDArray values = frozen.weight(table);
            float[] mean = values.get("0:31").mean(new int[] {0}).toFloatArray();
            for (int row = 31; row < 34; row++) {
                assertThat(values.get(row).toFloatArray()).containsExactly(mean, within(1e-6f));
            }
            assertThat(trained.weight(table).toFloatArray()).isEqualTo(values.toFloatArray());
            assertThat(saved.weight(table).toFloatArray()).isEqualTo(values.toFloatArray());
        }
        assertThat(logits(saved)).containsExactly(logits(frozen), within(1e-5f));
    }

    /** What is written over a base with more rows is all that is needed to compute the same over the base. */
    @ParameterizedTest
    @EnumSource
    void anAdapterCarriesTheRowsThatItsBaseLacks(TinyModel model) throws Exception {
        StoredModel base = StoredModel.read(model.write(disk), ModelTask.causalLm(), 0)
                .withVocabulary(33)
                .quantized(Optional.of(Quantization.nf4()));
        LoraConfig config = config(model, List.of(31, 4));
        List<TrainedParameters.Spec> specs = LoraAdapter.specs(config, base.architecture());
        Network network = base.load(workspace, LoraAdapter.trainedWhole(specs));
        TrainedParameters parameters = new TrainedParameters(workspace, specs);
        LoraAdapter adapter = LoraAdapter.create(config, network, parameters, 3);
        Parameter table = network.architecture().tokenEmbedding();
        float[] before = network.weight(table).toFloatArray();
        move(parameters);
        float[] expected = logits(network);

        adapter.save(Folder.local(disk.resolve("adapter")), null);

        assertThat(logits(network)).as("saving puts all back").isEqualTo(expected);
        TensorFiles files = TensorFiles.open(disk.resolve("adapter"), "adapter_model");
        NDArray carried =
                ModelWeights.read(workspace, files, rows(table).replace("trainable_tokens_delta", "base_layer.weight"));
        assertThat(carried.toFloatArray()).as("as the base had them").isEqualTo(before);
        StoredModel plain = StoredModel.read(disk, ModelTask.causalLm(), 0).quantized(Optional.of(Quantization.nf4()));
        Network again = AdaptedModel.load(workspace, plain, Folder.local(disk.resolve("adapter")))
                .network();
        assertThat(logits(again)).isEqualTo(expected);
        assertThat(again.architecture().sizes().vocabulary()).isEqualTo(33);
    }

    @Test
    void rowsOfABaseIn16BitsAreNotRounded() throws Exception {
        SafetensorsFile wide = TinyModel.LLAMA_TIED_WITH_BIASES.weights(disk);
        wide.write(disk.resolve("model.safetensors"));
        halve(disk);
        Adapted adapted = adapted(config(TinyModel.LLAMA_TIED_WITH_BIASES, IDS));
        move(adapted.parameters());
        Parameter table = adapted.network().architecture().tokenEmbedding();

        NDArray values = adapted.network().weight(table);

        for (int i = 0; i < IDS.size(); i++) {
            assertThat(values.get(IDS.get(i)).toFloatArray())
                    .isEqualTo(adapted.parameters().weight(rows(table)).get(i).toFloatArray());
        }
    }

    @Test
    void theConfigIsPeftsAndComesBack() throws Exception {
        TinyModel.LLAMA.write(disk);
        LoraConfig config = config(
                TinyModel.LLAMA, new LinkedHashMap<>(Map.of("embed_tokens", List.of(3, 1), "lm_head", List.of(5))));
        Folder folder = Folder.local(disk.resolve("adapter"));
        adapted(config).adapter().save(folder, null);

        assertThat(AdapterFile.read(folder).lora()).isEqualTo(config);
        assertThat(folder.readText("adapter_config.json").replaceAll("\\s+", ""))
                .contains("\"trainable_token_indices\":{")
                .contains("\"embed_tokens\":[3,1]")
                .contains("\"lm_head\":[5]");
    }

    @Test
    void whatHasNoSuchRowIsRefused() throws Exception {
        Architecture untied = Architecture.read(Folder.local(TinyModel.LLAMA.write(disk)));
        Architecture tied =
                Architecture.read(Folder.local(TinyModel.LLAMA_TIED_WITH_BIASES.write(disk.resolve("tied"))));
        assertRefused(untied, List.of(), List.of(31), "model.embed_tokens has no row 31, but rows 0 to 30");
        assertRefused(untied, List.of(), List.of(4, 4), "must be named, and each once, got [4, 4]");
        assertRefused(
                untied,
                List.of(),
                Map.of("q_proj", IDS),
                "q_proj is no embedding and no output head of a llama model: name [model.embed_tokens, lm_head]");
        assertRefused(
                untied,
                List.of("embed_tokens"),
                IDS,
                "model.embed_tokens is trained whole by adapter.modules_to_save; leave it out of one of them");
        assertRefused(
                tied,
                List.of(),
                new LinkedHashMap<>(Map.of("embed_tokens", IDS, "lm_head", List.of(1))),
                "lm_head: the embedding and the output head of this model are one: name the same tokens for both, or"
                        + " the embedding alone");
        assertThat(LoraAdapter.specs(
                        config(
                                TinyModel.LLAMA_TIED_WITH_BIASES,
                                new LinkedHashMap<>(Map.of("embed_tokens", IDS, "lm_head", IDS))),
                        tied))
                .filteredOn(spec -> spec.name().contains("token_adapter"))
                .hasSize(1);
    }

    @Test
    void rowsOfATableWithAnUpdateAreRefused() throws Exception {
        TinyModel.LLAMA.write(disk);
        Folder folder = Folder.local(disk.resolve("adapter"));
        adapted(config(TinyModel.LLAMA, IDS)).adapter().save(folder, null);
        String config = folder.readText("adapter_config.json");
        folder.writeText("adapter_config.json", config.replace("\"q_proj\"", "\"q_proj\", \"embed_tokens\""));

        assertThatThrownBy(() -> AdaptedModel.load(workspace, disk, ModelTask.causalLm(), folder))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("adapter.trainable_token_indices: model.embed_tokens has a low-rank update, too, which PEFT"
                        + " cannot compute: leave it out of one of them");
    }

    private static void assertRefused(Architecture architecture, List<String> saved, Object tokens, String reason) {
        assertThatThrownBy(() -> LoraAdapter.specs(config(TinyModel.LLAMA, saved, tokens), architecture))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("adapter.trainable_token_indices: "
                        + (reason.startsWith("must") ? "the tokens of model.embed_tokens " : "") + reason);
    }

    /** Rewrites the weights in bfloat16. */
    private void halve(Path folder) throws Exception {
        try (Workspace own = Workspace.open(1);
                Network network = Network.open(own, folder)) {
            TrainedParameters narrow = new TrainedParameters(
                    own, ModelWeights.specs(network.architecture()), FloatType.FLOAT32, FloatType.BFLOAT16);
            Network all = Network.load(own, network.architecture(), TensorFiles.open(folder, "model"), narrow);
            ModelFolder.save(Folder.local(folder.resolve("half")), all, Folder.local(folder), FloatType.BFLOAT16);
        }
        for (String file : List.of("model.safetensors", "config.json")) {
            Files.move(folder.resolve("half").resolve(file), folder.resolve(file), StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private void move(TrainedParameters parameters) {
        for (TrainedParameters.Spec spec : parameters.specs()) {
            float[] values = parameters.weight(spec.name()).toFloatArray();
            for (int i = 0; i < values.length; i++) {
                values[i] += (float) Math.sin(3 * i) / 7;
            }
            workspace.tensors().copy(workspace.floats(values, spec.shape()), parameters.weight(spec.name()));
        }
        parameters.weightsChanged();
    }

    private float[] logits(Network network) {
        int[] ids = {7, 3, 30, 2, 2, 9};
        TokenStream stream = TokenStream.of(List.of(ids));
        return network.logits(stream, new int[] {0, 2, 5}).toFloatArray();
    }
}
