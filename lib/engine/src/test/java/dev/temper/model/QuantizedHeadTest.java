package dev.temper.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.quant.Quantization;
import dev.temper.quant.SharedCodes;
import dev.temper.safetensors.SafetensorsFile;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorInfo;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Classifiers that transformers saved in 4 bits, which may quantize a part of a head, or all of it. */
final class QuantizedHeadTest {
    private static final Quantization NF4 = Quantization.nf4();
    private static final TokenStream STREAM = TokenStream.of(List.of(new int[] {3, 1, 4, 1}, new int[] {9, 2, 6}));

    @TempDir
    private Path disk;

    @ParameterizedTest
    @EnumSource
    void answersAsItsDequantizedSelf(TinyClassifier model) throws Exception {
        Path base = model.write(disk.resolve("base"));
        save(base, tensor -> tensor.shape().length == 2 && !tensor.name().matches(".*(embed|wte|wpe).*"));
        ModelTask task = ModelTask.of(Folder.local(base));
        try (Workspace workspace = Workspace.open(1)) {
            StoredModel stored = StoredModel.read(base, task, 0);
            assertThat(stored.newHead().parameters()).isEmpty();
            Path dense = disk.resolve("dense");
            try (Network network = stored.load(workspace)) {
                ModelFolder.save(Folder.local(dense), network, Folder.local(base));
                float[][] expected = Network.open(workspace, dense).classify(STREAM);
                float[][] actual = network.classify(STREAM);
                for (int i = 0; i < expected.length; i++) {
                    assertThat(actual[i]).containsExactly(expected[i], within(1e-5f));
                }
            }
        }
    }

    /**
     * As {@code bnb_4bit_quant_storage} says: four codes to a number of 16 bits are the bytes of two codes to a byte.
     */
    @ParameterizedTest
    @CsvSource({"BF16, bfloat16", "F16, float16", "F32, float32"})
    void codesMayBePutAwayUnderAnotherType(String dtype, String name) throws Exception {
        Path base = TinyModel.LLAMA.write(disk.resolve("base"));
        save(base, tensor -> tensor.name().endsWith("proj.weight"));
        Path other = TinyModel.LLAMA.write(disk.resolve("other"));
        TensorFiles files = TensorFiles.open(base, "model");
        SafetensorsFile renamed = new SafetensorsFile();
        int width = FloatType.of(dtype).orElseThrow().bytes();
        for (TensorInfo tensor : files.index().tensors().values()) {
            boolean isCodes = tensor.name().endsWith("proj.weight");
            byte[] bytes = new byte[(int) tensor.bytes()];
            files.bytes(tensor.name()).get(bytes);
            renamed.add(
                    tensor.name(),
                    isCodes ? dtype : tensor.dtype(),
                    isCodes ? new long[] {bytes.length / width, 1} : tensor.shape(),
                    bytes);
        }
        renamed.write(other.resolve("model.safetensors"));
        String quantization = "{\"quantization_config\": {\"load_in_4bit\": true, \"bnb_4bit_quant_type\": \"nf4\", "
                + "\"bnb_4bit_quant_storage\": \"" + name + "\"},";
        Files.writeString(other.resolve("config.json"), TinyModel.LLAMA.config().replaceFirst("\\{", quantization));

        try (Workspace workspace = Workspace.open(1);
                Network expected =
                        StoredModel.read(base, ModelTask.causalLm(), 0).load(workspace);
                Network actual =
                        StoredModel.read(other, ModelTask.causalLm(), 0).load(workspace)) {
            assertThat(actual.dictionary(0).arrays()).containsKey("q_proj.codes");
            for (Parameter parameter : actual.architecture().parameters()) {
                assertThat(actual.weight(parameter).toFloatArray())
                        .as(parameter.name())
                        .isEqualTo(expected.weight(parameter).toFloatArray());
            }
        }
    }

    /** Replaces tensors of a folder by their codes. */
    private void save(Path base, Predicate<TensorInfo> isQuantized) throws IOException {
        TensorFiles files = TensorFiles.open(base, "model");
        List<TensorInfo> all = List.copyOf(files.index().tensors().values());
        boolean isTransposed = all.stream().anyMatch(tensor -> tensor.name().endsWith("c_attn.weight"));
        List<SharedCodes.Matrix> matrices = all.stream()
                .filter(isQuantized)
                .map(tensor -> new SharedCodes.Matrix(
                        tensor.name(), isTransposed && !tensor.name().equals("score.weight")))
                .toList();
        TensorFiles codes = SharedCodes.kept(disk.resolve("local"), warning -> {})
                .open(new SharedCodes.Source(NF4, files, matrices))
                .orElseThrow();
        SafetensorsFile both = new SafetensorsFile();
        add(both, codes, tensor -> true);
        add(both, files, isQuantized.negate());
        both.write(base.resolve("model.safetensors"));
    }

    private static void add(SafetensorsFile to, TensorFiles from, Predicate<TensorInfo> isWanted) throws IOException {
        for (TensorInfo tensor : from.index().tensors().values()) {
            if (isWanted.test(tensor)) {
                byte[] bytes = new byte[(int) tensor.bytes()];
                from.bytes(tensor.name()).get(bytes);
                to.add(tensor.name(), tensor.dtype(), tensor.shape(), bytes);
            }
        }
    }

    /** {@code llm_int8_skip_modules}: what was left out when the base was saved is not quantized here either. */
    @Test
    void whatWasSkippedStaysDense() throws Exception {
        Path base = TinyModel.LLAMA.write(disk.resolve("base"));
        save(base, tensor -> tensor.name().endsWith("q_proj.weight"));
        StoredModel stored = StoredModel.read(base, ModelTask.causalLm(), 0).quantized(Optional.of(NF4));
        try (Workspace workspace = Workspace.open(1);
                Network network = stored.load(workspace)) {
            assertThat(network.dictionary(0).arrays())
                    .containsKeys("q_proj.codes", "o_proj")
                    .doesNotContainKeys("q_proj", "o_proj.codes");
        }
    }
}
