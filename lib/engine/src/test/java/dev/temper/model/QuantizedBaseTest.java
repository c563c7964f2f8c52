package dev.temper.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import dev.temper.adapter.LoraAdapter;
import dev.temper.adapter.LoraConfig;
import dev.temper.check.InvalidInputException;
import dev.temper.kernel.Workspace;
import dev.temper.quant.Quantization;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorInfo;
import dev.temper.storage.Folder;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A base that is quantized while it is read. */
final class QuantizedBaseTest {
    private static final Quantization NF4 = Quantization.nf4();

    @TempDir
    private Path disk;

    private Workspace workspace;

    @BeforeEach
    void open() {
        workspace = Workspace.open(1);
    }

    @AfterEach
    void close() {
        workspace.close();
    }

    @ParameterizedTest
    @EnumSource
    void noProjectionIsDense(TinyModel model) throws Exception {
        try (Network quantized = quantized(model).load(workspace);
                Network dense = Network.open(workspace, disk)) {
            for (Parameter parameter : quantized.architecture().parameters()) {
                LayerWeights layer = quantized.dictionary(parameter.layer());
                String key = parameter.key();
                assertThat(layer.get(key) == null).as(parameter.name()).isEqualTo(parameter.isProjection());
                assertThat(layer.arrays().containsKey(key + ".codes")).isEqualTo(parameter.isProjection());
                NDArray weight = quantized.weight(parameter);
                assertThat(weight.getShape()).isEqualTo(parameter.shape());
                dense.dictionary(parameter.layer()).put(key, weight);
            }
            TokenStream stream = TokenStream.of(List.of(new int[] {3, 1, 4, 1, 5}, new int[] {9, 2, 6}));
            int[] all = {0, 1, 2, 3, 4, 5, 6, 7};
            float[] expected = dense.logits(stream, all).toFloatArray();
            assertThat(GoldenModels.difference(quantized.logits(stream, all), expected))
                    .isLessThan(1e-5);
        }
    }

    /** As transformers' llm_int8_skip_modules: last names, and paths that a module is in. */
    @Test
    void whatIsSkippedStaysDense() throws Exception {
        TinyModel.LLAMA.write(disk);
        List<String> skipped = List.of("down_proj", "model.layers.1.self_attn", "k", "lm_head");
        Quantization by = new Quantization(Quantization.Type.NF4, true, skipped);
        try (Network network = StoredModel.read(disk, ModelTask.causalLm(), 0)
                .quantized(Optional.of(by))
                .load(workspace)) {
            for (Parameter parameter : network.architecture().parameters()) {
                boolean isKept = parameter.module().endsWith("down_proj")
                        || parameter.module().startsWith("model.layers.1.self_attn.");
                boolean isQuantized =
                        network.dictionary(parameter.layer()).arrays().containsKey(parameter.key() + ".codes");
                assertThat(isQuantized).as(parameter.name()).isEqualTo(parameter.isProjection() && !isKept);
            }
        }
    }

    private StoredModel quantized(TinyModel model) throws Exception {
        model.write(disk);
        return StoredModel.read(disk, ModelTask.causalLm(), 0).quantized(Optional.of(NF4));
    }

    /** Its pooler lies outside the layers and is quantized, too; its classifier is not. */
    @Test
    void classifierIsQuantizedExceptForItsHead() throws Exception {
        String config =
                """
                {"model_type": "bert", "architectures": ["BertForSequenceClassification"], "vocab_size": 31,
                 "hidden_size": 12, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 28,
                 "max_position_embeddings": 40}
                """;
        TinyModel.weights(disk, config).write(disk.resolve("model.safetensors"));
        ModelTask task = ModelTask.of(Folder.local(disk));
        StoredModel base = StoredModel.read(disk, task, 0);
        try (Network quantized = base.quantized(Optional.of(NF4)).load(workspace);
                Network dense = base.load(workspace)) {
            LayerWeights shared = quantized.dictionary(Parameter.SHARED);
            assertThat(shared.arrays()).containsKeys("pooler.codes", "classifier");
            assertThat(shared.arrays()).doesNotContainKeys("pooler", "classifier.codes");
            for (Parameter parameter : base.architecture().parameters()) {
                dense.dictionary(parameter.layer()).put(parameter.key(), quantized.weight(parameter));
            }
            TokenStream stream = TokenStream.of(List.of(new int[] {3, 1, 4, 1, 5}, new int[] {9, 2, 6}));
            float[][] expected = dense.classify(stream);
            float[][] actual = quantized.classify(stream);
            for (int i = 0; i < expected.length; i++) {
                assertThat(actual[i]).containsExactly(expected[i], within(1e-5f));
            }
        }
    }

    @Test
    void whatIsTrainedWholeStaysDense() throws Exception {
        StoredModel base = quantized(TinyModel.LLAMA);
        Predicate<Parameter> isTrained = parameter -> parameter.module().endsWith("o_proj");

        try (Network network = base.load(workspace, isTrained)) {
            assertThat(network.dictionary(0).arrays()).containsKeys("o_proj", "q_proj.codes");
            assertThat(network.dictionary(0).arrays()).doesNotContainKeys("o_proj.codes", "q_proj");
        }
    }

    /** DoRA starts at the lengths of the rows that the codes stand for. */
    @Test
    void magnitudesAreThoseOfTheQuantizedBase() throws Exception {
        StoredModel base = quantized(TinyModel.GPT2);
        LoraConfig config = dora("c_attn");
        try (Network network = base.load(workspace)) {
            TrainedParameters parameters =
                    new TrainedParameters(workspace, LoraAdapter.specs(config, base.architecture()));
            Parameter parameter = base.architecture().parameters().stream()
                    .filter(p -> p.isProjection() && p.module().endsWith("0.attn.c_attn"))
                    .findFirst()
                    .orElseThrow();

            LoraAdapter.create(config, network, parameters, 1);

            String name = "base_model.model." + parameter.module() + ".lora_magnitude_vector";
            float[] lengths =
                    network.weight(parameter).transpose().norm(new int[] {1}).toFloatArray();
            assertThat(GoldenModels.difference(parameters.weight(name), lengths))
                    .isLessThan(1e-5);
        }
    }

    private static LoraConfig dora(String target) {
        return new LoraConfig(
                "lora",
                2,
                4,
                0,
                List.of(target),
                List.of(),
                List.of(),
                Map.of(),
                Map.of(),
                false,
                true,
                List.of(),
                true,
                List.of(),
                Optional.empty());
    }

    /** The layers share the memory in which their matrices become dense. */
    @Test
    void checkpointedGradientsAreThoseOfRecordedLayers() throws Exception {
        StoredModel base = quantized(TinyModel.PHI3);
        float[] recorded = gradients(base, false);

        assertThat(gradients(base, true)).isEqualTo(recorded);
        float sum = 0;
        for (float value : recorded) {
            sum += Math.abs(value);
        }
        assertThat(sum).isPositive();
    }

    private float[] gradients(StoredModel base, boolean checkpointing) throws Exception {
        LoraConfig config = LoraConfig.of(3, 4, 0, TinyModel.PHI3.targets());
        try (Network network = base.load(workspace)) {
            TrainedParameters parameters =
                    new TrainedParameters(workspace, LoraAdapter.specs(config, base.architecture()));
            LoraAdapter.create(config, network, parameters, 1);
            Backpropagation backpropagation =
                    checkpointing ? Backpropagation.checkpointing(network) : Backpropagation.recording(network);
            String dense = "qkv_proj.dense";
            assertThat(network.dictionary(0).get(dense))
                    .isSameAs(network.dictionary(1).get(dense));
            assertThat(network.dictionary(0).get(dense) != null).isEqualTo(checkpointing);
            backpropagation.accumulate(LabelledStream.of(TinyModel.rows(4)), 1);
            return parameters.flatGradients().toFloatArray();
        }
    }

    @Test
    void savedModelIsDense() throws Exception {
        Path saved = disk.resolve("saved");
        try (Network network = quantized(TinyModel.GPT2).load(workspace)) {
            ModelFolder.save(Folder.local(saved), network, Folder.local(disk));
            try (Network again = Network.open(workspace, saved)) {
                for (Parameter parameter : network.architecture().parameters()) {
                    assertThat(again.weight(parameter).toFloatArray())
                            .as(parameter.name())
                            .isEqualTo(network.weight(parameter).toFloatArray());
                }
            }
        }
    }

    @Test
    void notANumberIsRefusedByName() throws Exception {
        String name = "model.layers.1.self_attn.v_proj.weight";
        TinyModel.LLAMA.write(disk);
        TensorInfo tensor = TensorFiles.open(disk, "model").index().find(name).orElseThrow();
        try (RandomAccessFile file =
                new RandomAccessFile(disk.resolve("model.safetensors").toFile(), "rw")) {
            file.seek(tensor.offset() + 7 * Float.BYTES);
            file.writeInt(-1); // all bits set: NaN
        }
        StoredModel base = StoredModel.read(disk, ModelTask.causalLm(), 0).quantized(Optional.of(NF4));

        assertThatThrownBy(() -> base.load(workspace))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(name)
                .hasMessageContaining("NaN or infinity");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
                    {"quant_method": "gptq", "bits": 4} | quant_method: "gptq" is not supported, only bitsandbytes
                    {"load_in_8bit": true} | only load_in_4bit: true is supported
                    {"load_in_4bit": true} | bnb_4bit_quant_type: fp4 is not supported, only nf4
                    {"quant_method": "fp8"} | quant_method: "fp8" is not supported, only bitsandbytes
                    """)
    void otherQuantizationsAreRefusedByName(String quantization, String says) throws Exception {
        TinyModel.LLAMA.write(disk);
        String config = TinyModel.LLAMA.config().replaceFirst("\\{", "{\"quantization_config\": " + quantization + ",");
        Files.writeString(disk.resolve("config.json"), config);

        assertThatThrownBy(() -> StoredModel.read(disk, ModelTask.causalLm(), 0))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage(disk.resolve("config.json") + ": quantization_config: " + says);
    }
}
