package dev.temper.adapter;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.InvalidInputException;
import dev.temper.kernel.Workspace;
import dev.temper.model.Architecture;
import dev.temper.model.Network;
import dev.temper.model.TinyModel;
import dev.temper.model.TrainedParameters;
import dev.temper.safetensors.SafetensorsFile;
import dev.temper.safetensors.TensorFiles;
import dev.temper.storage.Folder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Adapters that ask for what we do not compute, or that belong to another base. */
final class RefusedAdapterTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String CONFIG =
            """
            {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 2, "lora_alpha": 4, "target_modules": ["q_proj"]}
            """;

    /** Field, its value, and the message after the file's place. */
    private static final String FIELDS =
            """
            peft_type | "IA3" | : peft_type: IA3 is not supported, only LORA
            peft_type | null | : peft_type: none is not supported, only LORA
            task_type | "TOKEN_CLS" | : task_type: "TOKEN_CLS" is not supported, only CAUSAL_LM and SEQ_CLS
            init_lora_weights | "pissa" | : init_lora_weights: pissa is not supported: it changes the base too; \
            convert the adapter with PEFT's path_initial_model_for_weight_conversion
            rank_pattern | {"q_proj": 0} | : rank_pattern.q_proj must be positive, got 0
            alpha_pattern | {"q_proj": "much"} | : alpha_pattern.q_proj must be positive, got "much"
            modules_to_save | "lm_head" | : modules_to_save: "lm_head" is not supported, only a list of names
            exclude_modules | ".*k_proj" | : exclude_modules: ".*k_proj" is not supported, only a list of names
            layers_to_transform | ["0"] | : layers_to_transform must be a list of numbers, got ["0"]
            layers_pattern | "layers" | : layers_pattern: "layers" is not supported
            bias | "all" | : bias: "all" is not supported
            a_new_idea | 1 | : a_new_idea: 1 is not supported
            target_modules | ".*q_proj" | : target_modules: ".*q_proj" is not supported, only a list of names
            r | 0 | : r must be positive, got 0
            lora_alpha | "much" | : lora_alpha must be positive, got "much"
            """;

    @TempDir
    Path disk;

    private Path adapter;

    @BeforeEach
    void create() throws Exception {
        adapter = Files.createDirectories(disk.resolve("adapter"));
        Files.writeString(adapter.resolve("adapter_config.json"), CONFIG);
    }

    @ParameterizedTest
    @CsvSource(textBlock = FIELDS, delimiter = '|', quoteCharacter = '`')
    void namesFieldAndValue(String field, String value, String message) throws Exception {
        ObjectNode config = (ObjectNode) JSON.readTree(CONFIG);
        config.set(field, JSON.readTree(value));
        Files.writeString(adapter.resolve("adapter_config.json"), config.toString());

        assertRefused(adapter.resolve("adapter_config.json") + message);
    }

    @Test
    void namesADamagedConfig() throws Exception {
        Files.writeString(adapter.resolve("adapter_config.json"), "{\"r\": ");

        assertThatThrownBy(() -> AdapterFile.read(Folder.local(adapter)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith(adapter.resolve("adapter_config.json") + " is damaged: it is not JSON (");
    }

    @Test
    void namesAFolderWithoutConfig() throws Exception {
        Files.delete(adapter.resolve("adapter_config.json"));

        assertRefused(adapter + " is no adapter folder: there is no adapter_config.json");
    }

    @Test
    void namesAFolderWithoutWeights() {
        assertRefused(adapter + " has no weights: there is no adapter_model.safetensors");
    }

    @Test
    void namesTheShapesOfAnotherBase() throws Exception {
        write(weights(2, 13, "F32"));

        assertRefused(
                adapter + ": base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight has the shape [2, 13], "
                        + "but this base model needs (2, 12): the adapter belongs to another base");
    }

    @Test
    void namesAMissingTensor() throws Exception {
        write(weights(2, 12, "F32"));

        assertRefused(
                adapter + ": the tensor base_model.model.model.layers.2.self_attn.q_proj.lora_A.weight is missing "
                        + "from the adapter");
    }

    @Test
    void namesATensorTooMany() throws Exception {
        SafetensorsFile file = weights(3, 12, "F32").add("base_model.model.lm_head.weight", new long[] {1}, 1);
        write(file);

        assertRefused(
                adapter + " holds base_model.model.lm_head.weight, which its adapter_config.json does not explain");
    }

    @Test
    void namesAnotherType() throws Exception {
        write(weights(3, 12, "I32"));

        assertRefused(
                adapter + ": the tensor base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight is I32; only "
                        + "F32, F16 and BF16 are read");
    }

    @Test
    void namesATargetThatTheBaseLacks() throws Exception {
        Files.writeString(adapter.resolve("adapter_config.json"), CONFIG.replace("q_proj", "c_attn"));

        assertRefused("adapter.target_modules: c_attn matches no projection of a llama model; it has [down_proj, "
                + "gate_proj, k_proj, o_proj, q_proj, up_proj, v_proj]");
    }

    /** q_proj's matrices of some layers. */
    private static SafetensorsFile weights(int layers, int width, String dtype) {
        SafetensorsFile file = new SafetensorsFile();
        for (int layer = 0; layer < layers; layer++) {
            String module = "base_model.model.model.layers." + layer + ".self_attn.q_proj.";
            file.add(module + "lora_A.weight", dtype, new long[] {2, width}, new byte[2 * width * 4]);
            file.add(module + "lora_B.weight", dtype, new long[] {40, 2}, new byte[40 * 2 * 4]);
        }
        return file;
    }

    private void write(SafetensorsFile file) throws Exception {
        file.write(adapter.resolve("adapter_model.safetensors"));
    }

    private void assertRefused(String message) {
        assertThatThrownBy(this::load).isInstanceOf(InvalidInputException.class).hasMessage(message);
    }

    private void load() throws Exception {
        LoraConfig config = AdapterFile.read(Folder.local(adapter));
        Path base = TinyModel.LLAMA.write(disk.resolve("base"));
        Architecture architecture = Architecture.read(Folder.local(base));
        try (Workspace workspace = Workspace.open(1)) {
            Network network = Network.load(workspace, architecture, TensorFiles.open(base, "model"));
            TrainedParameters parameters = new TrainedParameters(workspace, LoraAdapter.specs(config, architecture));
            LoraAdapter.load(config, Folder.local(adapter), network, parameters);
        }
    }
}
