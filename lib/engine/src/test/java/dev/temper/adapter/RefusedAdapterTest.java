package dev.temper.adapter;

import static org.assertj.core.api.Assertions.assertThatCode;
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
import org.junit.jupiter.params.provider.ValueSource;

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
            rank_pattern | {"q_proj": 0} | : rank_pattern.q_proj must be positive, got 0
            alpha_pattern | {"q_proj": "much"} | : alpha_pattern.q_proj must be positive, got "much"
            modules_to_save | "lm_head" | : modules_to_save must be a list of names, got "lm_head"
            layers_to_transform | ["0"] | : layers_to_transform must be a list of numbers, got ["0"]
            bias | "some" | : bias must be none, all or lora_only, got some
            a_new_idea | 1 | : a_new_idea: 1 is not supported: PEFT 0.21.2 has no such field, and it may change what \
            the adapter computes
            target_modules | "*q_proj" | : target_modules: *q_proj is no regular expression: nothing to repeat
            target_modules | "(?P<a>q)(?P=a)" | : target_modules: (?P<a>q)(?P=a) has (?P, which is not \
            supported: write the names out in a list
            r | 0 | : r must be positive, got 0
            lora_alpha | "much" | : lora_alpha must be positive, got "much"
            init_lora_weights | "my_own" | : init_lora_weights: my_own is not known
            """;

    /** What changes the arithmetic in a way that is not ours, and the reason. */
    private static final String OTHER_ARITHMETIC =
            """
            alora_invocation_tokens | [5, 3] | the update counts from these tokens on alone
            arrow_config | {"top_k": 2} | each token chooses among several adapters
            kasa_config | {"beta": 0.1} | the base lost singular values when training began, and a diagonal stands \
            between A and B
            layer_replication | [[0, 2], [1, 3]] | the model is built of copies of the base's layers
            megatron_config | {"hidden_size": 8} | it is for layers of Megatron
            target_parameters | ["experts.up_proj"] | the update is of parameters that belong to no linear layer
            use_bdlora | {"nblocks": 2} | A or B is block-diagonal
            use_qalora | true | the update sees means of groups of inputs
            """;

    /** What PEFT 0.18 and 0.21 write that does not change what an adapter computes. */
    private static final String NEUTRAL =
            """
            eva_config | {"rho": 2.0, "tau": 0.9}
            corda_config | {"corda_method": "ipm"}
            loftq_config | {"loftq_bits": 4}
            lora_ga_config | {"direction": "ArB2r"}
            monteclora_config | {"num_samples": 8}
            velora_config | {"num_groups": 4}
            init_lora_weights | "eva"
            init_lora_weights | "orthogonal"
            init_lora_weights | "mica"
            target_parameters | []
            alora_invocation_tokens | null
            revision | "main"
            auto_mapping | {"base_model_class": "LlamaForCausalLM"}
            runtime_config | {"ephemeral_gpu_offload": false}
            exclude_modules | ["visual"]
            exclude_modules | ".*visual.*"
            layers_to_transform | [0, 1, 2, 77]
            layers_to_transform | 0
            rank_pattern | {"visual.*": 4}
            modules_to_save | ["visual"]
            target_modules | ["q_proj", "visual_proj"]
            target_modules | ".*layers\\\\.[0-2]\\\\..*q_proj"
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
        set(field, value);

        assertRefused(adapter.resolve("adapter_config.json") + message);
    }

    @Test
    void followsNoLinkOutOfTheFolder() throws Exception {
        Path config = adapter.resolve("adapter_config.json");
        Files.move(config, disk.resolve("outside.json"));
        Files.createSymbolicLink(config, disk.resolve("outside.json"));

        assertThatThrownBy(this::load)
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith(config + " is a link out of its folder, to ");

        Files.delete(config);
        Files.writeString(config, CONFIG);
        write(weights(2, 12, "F32"));
        Files.move(adapter.resolve("adapter_model.safetensors"), disk.resolve("outside"));
        Files.createSymbolicLink(adapter.resolve("adapter_model.safetensors"), disk.resolve("outside"));

        assertThatThrownBy(this::load).hasMessageContaining("adapter_model.safetensors is a link out of its folder");
    }

    @ParameterizedTest
    @CsvSource(textBlock = OTHER_ARITHMETIC, delimiter = '|', quoteCharacter = '`')
    void saysWhyOtherArithmeticIsNotComputed(String field, String value, String reason) throws Exception {
        set(field, value);

        assertRefused(adapter.resolve("adapter_config.json") + ": " + field + " is not supported: " + reason
                + ", which is not computed here");
    }

    @ParameterizedTest
    @ValueSource(strings = {"pissa", "pissa_niter_16", "olora", "corda", "lora_ga"})
    void saysHowToConvertAStartThatChangedTheBase(String start) throws Exception {
        set("init_lora_weights", '"' + start + '"');

        assertThatThrownBy(this::load)
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("init_lora_weights: " + start + " changed the base when training began: ")
                .hasMessageContaining("save_pretrained(FOLDER, path_initial_model_for_weight_conversion=START)");
    }

    @Test
    void saysThatLoftqChangedTheBase() throws Exception {
        set("init_lora_weights", "\"loftq\"");

        assertRefused(adapter.resolve("adapter_config.json")
                + ": init_lora_weights: loftq changed the base when training began: open the adapter in PEFT and save "
                + "the base with it, merge_and_unload().save_pretrained(FOLDER)");
    }

    @ParameterizedTest
    @CsvSource(textBlock = NEUTRAL, delimiter = '|', quoteCharacter = '`')
    void readsWhatDoesNotChangeTheArithmetic(String field, String value) throws Exception {
        set(field, value);
        write(weights(field.equals("layers_to_transform") && value.equals("0") ? 1 : 3, 12, "F32"));

        assertThatCode(this::load).doesNotThrowAnyException();
    }

    private void set(String field, String value) throws Exception {
        ObjectNode config = (ObjectNode) JSON.readTree(CONFIG);
        config.set(field, JSON.readTree(value));
        Files.writeString(adapter.resolve("adapter_config.json"), config.toString());
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
    void namesAHeadOfAnotherWidth() throws Exception {
        write(weights(3, 12, "F32").add("base_model.model.lm_head.weight", new long[] {31, 13}, new float[31 * 13]));

        assertRefused(adapter + ": base_model.model.lm_head.weight has the shape [31, 13], but this base model needs "
                + "(31, 12): the adapter belongs to another base");
    }

    /** PEFT leaves them out, as the modules of an image encoder that this base does not have. */
    @Test
    void tensorsWithoutAPlaceAreLeftOut() throws Exception {
        write(weights(4, 12, "F32").add("base_model.model.visual.proj.lora_A.weight", new long[] {1}, 1));

        assertThatCode(this::load).doesNotThrowAnyException();
    }

    @Test
    void namesAnotherType() throws Exception {
        write(weights(3, 12, "I32"));

        assertRefused(adapter
                + ": the tensor base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight is I32, which is "
                + "not supported; only F64, F32, F16 and BF16 are read");
    }

    @Test
    void namesATargetThatTheBaseLacks() throws Exception {
        Files.writeString(adapter.resolve("adapter_config.json"), CONFIG.replace("q_proj", "c_attn"));
        write(weights(3, 12, "F32"));

        assertRefused("the adapter's target_modules, [c_attn], match nothing of a llama model, which has [down_proj, "
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
        PeftConfig config = AdapterFile.read(Folder.local(adapter));
        Path base = TinyModel.LLAMA.write(disk.resolve("base"));
        Architecture architecture = Architecture.read(Folder.local(base));
        try (Workspace workspace = Workspace.open(1)) {
            Network network = Network.load(workspace, architecture, TensorFiles.open(base, "model"));
            TrainedParameters parameters = new TrainedParameters(workspace, LoraAdapter.specs(config, architecture));
            LoraAdapter.load(config, Folder.local(adapter), network, parameters);
        }
    }
}
