package dev.temper.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import dev.temper.check.InvalidInputException;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.quant.Quantization;
import dev.temper.safetensors.SafetensorsFile;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorInfo;
import dev.temper.safetensors.TensorWriter;
import dev.temper.storage.Folder;
import dev.temper.storage.Store;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What is written is read back; what others wrote in 16 bits is read as what it is. */
final class ModelFolderTest {
    @TempDir
    Path disk;

    @Test
    void nothingOutsideOfTheBaseIsCopied() throws Exception {
        Path base = Files.createDirectories(disk.resolve("base"));
        Files.writeString(disk.resolve("secret"), "secret");
        Files.createSymbolicLink(base.resolve("vocab.txt"), disk.resolve("secret"));
        Path target = Files.createDirectories(disk.resolve("target"));

        assertThatThrownBy(() -> ModelFolder.verifyTokenizer(Folder.local(base)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith(base.resolve("vocab.txt") + " is a link out of its folder");
        assertThatThrownBy(() -> ModelFolder.copyTokenizer(Folder.local(target), Folder.local(base)))
                .isInstanceOf(InvalidInputException.class);
        assertThat(target).isEmptyDirectory();
    }

    @ParameterizedTest
    @EnumSource
    void aSavedModelComesBackAsItWas(TinyModel model) throws Exception {
        Path base = model.write(disk.resolve("base"));
        Files.writeString(base.resolve("tokenizer.json"), "{}");
        Files.writeString(base.resolve("notes.txt"), "stays there");
        Path saved = disk.resolve("saved");
        try (Workspace workspace = Workspace.open(1)) {
            Replica replica = Replica.of(workspace, base);

            ModelFolder.save(Folder.local(saved), replica.network(), Folder.local(base));

            Replica reloaded = Replica.of(workspace, saved);
            assertThat(reloaded.parameters().flatWeights().toFloatArray())
                    .isEqualTo(replica.parameters().flatWeights().toFloatArray());
        }
        ModelWeights.verify(
                Architecture.read(Folder.local(saved)),
                TensorFiles.open(saved, "model").index(),
                "saved");
        assertThat(Folder.local(saved).list())
                .extracting(Store.Entry::name)
                .containsExactly("config.json", "generation_config.json", "model.safetensors", "tokenizer.json");
    }

    @ParameterizedTest
    @EnumSource
    void sixteenBitsComeBackAsTheyWere(TinyModel model) throws Exception {
        Path base = model.write(disk.resolve("base"));
        Path saved = disk.resolve("saved");
        try (Workspace workspace = Workspace.open(1)) {
            Replica replica = Replica.of(workspace, base, FloatType.BFLOAT16, FloatType.BFLOAT16);

            ModelFolder.save(Folder.local(saved), replica.network(), Folder.local(base), FloatType.BFLOAT16);

            Replica reloaded = Replica.of(workspace, saved, FloatType.BFLOAT16, FloatType.BFLOAT16);
            assertThat(Workspace.memory(reloaded.parameters().flatWeights()))
                    .isEqualTo(Workspace.memory(replica.parameters().flatWeights()));
            Replica wide = Replica.of(workspace, saved);
            for (TrainedParameters.Spec spec : replica.parameters().specs()) {
                float[] exact = Replica.of(workspace, base)
                        .parameters()
                        .weight(spec.name())
                        .toFloatArray();
                assertThat(wide.parameters().weight(spec.name()).toFloatArray())
                        .as(spec.name())
                        .isEqualTo(replica.parameters().values(spec.name()).toFloatArray())
                        .usingElementComparator((one, other) -> Math.abs(one - other) <= 0x1p-8 * Math.abs(one) ? 0 : 1)
                        .containsExactly(exact);
            }
        }
        assertThat(Files.size(saved.resolve("model.safetensors")))
                .isLessThan((long) (0.75 * Files.size(base.resolve("model.safetensors"))));
        assertThat(Files.readString(saved.resolve("config.json"))).contains("dtype\" : \"bfloat16\"");
    }

    /** Read as float32, in every use: trained, frozen, quantized, written. */
    @ParameterizedTest
    @EnumSource
    void doublesAreRoundedToFloat32(TinyModel model) throws Exception {
        Path base = model.write(disk.resolve("base"));
        Path wide = model.write(disk.resolve("wide"));
        TensorFiles files = TensorFiles.open(base, "model");
        SafetensorsFile doubles = new SafetensorsFile();
        for (TensorInfo tensor : files.index().tensors().values()) {
            ByteBuffer bytes = ByteBuffer.allocate((int) (2 * tensor.bytes())).order(ByteOrder.LITTLE_ENDIAN);
            FloatBuffer values = files.bytes(tensor.name()).asFloatBuffer();
            while (values.hasRemaining()) {
                bytes.putDouble(values.get() * (1 + 0x1p-40)); // more digits than float32 has
            }
            doubles.add(tensor.name(), "F64", tensor.shape(), bytes.array());
        }
        doubles.write(wide.resolve("model.safetensors"));
        Files.writeString(wide.resolve("config.json"), model.config().replaceFirst("\\{", "{\"dtype\": \"float64\", "));
        Optional<Quantization> nf4 = Optional.of(Quantization.nf4());
        try (Workspace workspace = Workspace.open(1);
                Network frozen = StoredModel.read(wide, ModelTask.causalLm(), 0).load(workspace);
                Network quantized = StoredModel.read(wide, ModelTask.causalLm(), 0)
                        .quantized(nf4)
                        .load(workspace);
                Network expected = StoredModel.read(base, ModelTask.causalLm(), 0)
                        .quantized(nf4)
                        .load(workspace)) {
            assertThat(Replica.of(workspace, wide).parameters().flatWeights().toFloatArray())
                    .isEqualTo(Replica.of(workspace, base)
                            .parameters()
                            .flatWeights()
                            .toFloatArray());
            StoredModel stored = StoredModel.read(wide, ModelTask.causalLm(), 0);
            for (Parameter parameter : frozen.architecture().parameters()) {
                float[] exact = GoldenModels.floats(files, parameter.name());
                assertThat(frozen.weight(parameter).toFloatArray()).isEqualTo(exact);
                assertThat(quantized.weight(parameter).toFloatArray())
                        .isEqualTo(expected.weight(parameter).toFloatArray());
                try (StoredValues values = StoredValues.open(workspace, stored)) {
                    assertThat(values.type(parameter)).isEqualTo(FloatType.FLOAT32);
                    assertThat(values.bytes(parameter)).isEmpty();
                    assertThat(values.values(parameter).toFloatArray()).isEqualTo(exact);
                }
            }
        }
    }

    @Test
    void theOlderNameOfTheTypeGivesWay() throws Exception {
        Path base = TinyModel.LLAMA.write(disk.resolve("base"));
        Path config = base.resolve("config.json");
        Files.writeString(
                config,
                Files.readString(config).replaceFirst("\\{", "{\"dtype\": \"float16\", \"torch_dtype\": \"float16\","));
        try (Workspace workspace = Workspace.open(1)) {
            ModelFolder.save(
                    Folder.local(disk.resolve("saved")),
                    Replica.of(workspace, base).network(),
                    Folder.local(base));
        }

        assertThat(Files.readString(disk.resolve("saved/config.json")))
                .contains("\"dtype\" : \"float32\"")
                .doesNotContain("float16", "torch_dtype");
    }

    @Test
    void shardsAreOneModel() throws Exception {
        Path base = TinyModel.LLAMA.write(disk.resolve("base"));
        Path sharded = disk.resolve("sharded");
        TensorFiles files = TensorFiles.open(base, "model");
        Architecture architecture = Architecture.read(Folder.local(base));
        List<TensorWriter.Tensor> tensors = architecture.parameters().stream()
                .map(parameter -> new TensorWriter.Tensor(
                        parameter.name(), parameter.shape().getShape(), () -> bytes(files, parameter.name())))
                .toList();

        TensorWriter.write(Folder.local(sharded), "model", tensors, 4000);

        List<Store.Entry> written = Folder.local(sharded).list();
        assertThat(written).extracting(Store.Entry::name).contains("model.safetensors.index.json");
        assertThat(written).hasSizeGreaterThan(4).allSatisfy(file -> assertThat(file.bytes())
                .isLessThan(6000));
        TensorFiles read = TensorFiles.open(sharded, "model");
        ModelWeights.verify(architecture, read.index(), "sharded");
        for (Parameter parameter : architecture.parameters()) {
            assertThat(bytes(read, parameter.name())).isEqualTo(bytes(files, parameter.name()));
        }
    }

    private static ByteBuffer bytes(TensorFiles files, String name) {
        try {
            return files.bytes(name);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "BF16, 3f80 c000 3f01 0001 7f80, 1 -2 0.50390625 9.18355e-41 Infinity",
        "F16, 3c00 c000 3801 0001 fc00, 1 -2 0.50048828125 5.9604644775390625E-8 -Infinity"
    })
    void reads16Bits(String dtype, String words, String expected) throws Exception {
        String[] hex = words.split(" ");
        ByteBuffer bytes = ByteBuffer.allocate(2 * hex.length).order(ByteOrder.LITTLE_ENDIAN);
        for (String word : hex) {
            bytes.putShort((short) Integer.parseInt(word, 16));
        }
        new SafetensorsFile()
                .add("before", "U8", new long[] {1}, new byte[1]) // so that the values start at an odd place
                .add("values", dtype, new long[] {5, 1}, bytes.array())
                .write(disk.resolve("model.safetensors"));
        try (Workspace workspace = Workspace.open(1)) {

            NDArray values = ModelWeights.read(workspace, TensorFiles.open(disk, "model"), "values");

            String[] numbers = expected.split(" ");
            assertThat(values.getShape().getShape()).containsExactly(5, 1);
            for (int i = 0; i < numbers.length; i++) {
                assertThat(values.getFloat(i, 0)).isEqualTo(Float.parseFloat(numbers[i]));
            }
        }
    }
}
