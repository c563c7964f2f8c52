package dev.temper.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import dev.temper.adapter.LoraAdapter;
import dev.temper.adapter.LoraConfig;
import dev.temper.generate.GenerationConfig;
import dev.temper.generate.Generator;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.model.LabelledStream.Row;
import dev.temper.safetensors.SafetensorsFile;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Layers that compute in bfloat16, and weights that lie in files in 16 bits. */
final class PrecisionTest {
    private static final List<Row> ROWS = TinyModel.rows(7);
    private static final LoraConfig LORA = LoraConfig.of(3, 6, 0.1, List.of("all-linear"));

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
    void trainingInBfloat16IsNearFloat32(TinyModel model) throws Exception {
        model.write(disk);
        Replica.Result exact = Replica.of(workspace, disk).recorded(ROWS);
        Replica.Result near = Replica.of(workspace, disk, FloatType.BFLOAT16).recorded(ROWS);

        assertNear(near, exact);
    }

    @ParameterizedTest
    @EnumSource
    void checkpointingChangesNothingInBfloat16(TinyModel model) throws Exception {
        model.write(disk);

        Replica.Result recorded =
                Replica.of(workspace, disk, FloatType.BFLOAT16).recorded(ROWS); // on a copy of the weights
        Replica replica = Replica.of(workspace, disk, FloatType.BFLOAT16); // on a place that all layers share
        Replica.Result checkpointed = replica.checkpointed(ROWS);
        assertThat(replica.checkpointed(ROWS)).usingRecursiveComparison().isEqualTo(checkpointed);

        assertThat(checkpointed.loss()).isEqualTo(recorded.loss());
        assertThat(checkpointed.gradients()).containsExactly(recorded.gradients(), within(1e-6f));
    }

    @ParameterizedTest
    @EnumSource
    void classifiersInBfloat16AreNearFloat32(TinyClassifier model) throws Exception {
        model.write(disk);
        List<ClassifiedStream.Row> rows = TinyClassifier.rows(6);
        Replica.Result exact = Replica.of(workspace, disk).classified(rows);
        Replica.Result near = Replica.of(workspace, disk, FloatType.BFLOAT16).classified(rows);

        assertNear(near, exact);
    }

    private static void assertNear(Replica.Result near, Replica.Result exact) {
        assertThat(near.loss()).isCloseTo(exact.loss(), within(0.02 * Math.abs(exact.loss())));
        assertThat(near.loss()).isNotEqualTo(exact.loss());
        double product = 0;
        double nearSquares = 0;
        double exactSquares = 0;
        for (int i = 0; i < exact.gradients().length; i++) {
            product += (double) near.gradients()[i] * exact.gradients()[i];
            nearSquares += (double) near.gradients()[i] * near.gradients()[i];
            exactSquares += (double) exact.gradients()[i] * exact.gradients()[i];
        }
        assertThat(product / Math.sqrt(nearSquares * exactSquares)).isGreaterThan(0.99);
        assertThat(Math.sqrt(nearSquares / exactSquares)).isCloseTo(1, within(0.03));
    }

    @ParameterizedTest
    @EnumSource
    void weightsIn16BitsAreNotWidenedAndGiveTheSame(TinyModel model) throws Exception {
        Path wide = disk.resolve("wide");
        Path narrow = disk.resolve("narrow");
        writeBoth(model, wide, narrow);

        Network base = Network.open(workspace, narrow);
        for (Parameter parameter : base.architecture().parameters()) {
            NDArray array = base.dictionary(parameter.layer()).get(parameter.key());
            int width = Workspace.memory(array).remaining() / (int) array.size();
            assertThat(width).as(parameter.name()).isEqualTo(parameter.shape().dimension() > 1 ? 2 : 4);
        }
        TokenStream stream = TokenStream.of(List.of(new int[] {3, 1, 4, 1, 5}, new int[] {9, 2, 6}));
        int[] all = IntStream.range(0, 8).toArray();
        float[] expected = Network.open(workspace, wide).logits(stream, all).toFloatArray();
        assertThat(base.logits(stream, all).toFloatArray()).containsExactly(expected, within(1e-5f));

        float[] wanted = gradients(wide, false);
        assertThat(gradients(narrow, false)).containsExactly(wanted, within(1e-5f));
        assertThat(gradients(narrow, true)).containsExactly(wanted, within(1e-5f));
    }

    /** Of an adapter over the base of a folder. */
    private float[] gradients(Path folder, boolean checkpointing) throws IOException {
        Network base = Network.open(workspace, folder);
        TrainedParameters trained = new TrainedParameters(workspace, LoraAdapter.specs(LORA, base.architecture()));
        LoraAdapter.create(LORA, base, trained, 5);
        trained.specs().forEach(spec -> IntStream.range(0, (int) spec.elements())
                .forEach(i -> Workspace.memory(trained.weight(spec.name()))
                        .asFloatBuffer()
                        .put(i, (i * 7 % 11 - 5) / 20f)));
        Backpropagation backpropagation =
                checkpointing ? Backpropagation.checkpointing(base) : Backpropagation.recording(base);
        backpropagation.accumulate(LabelledStream.of(ROWS), 0.125);
        return trained.flatGradients().toFloatArray();
    }

    /** The same values in float32 and in bfloat16. */
    private static void writeBoth(TinyModel model, Path wide, Path narrow) throws IOException {
        model.write(wide);
        model.weights(narrow);
        TensorFiles files = TensorFiles.open(wide, "model");
        SafetensorsFile rounded = new SafetensorsFile();
        SafetensorsFile half = new SafetensorsFile();
        for (String name : List.copyOf(files.index().names())) {
            TensorInfo tensor = files.index().find(name).orElseThrow();
            ByteBuffer words = ByteBuffer.allocate((int) tensor.bytes() / 2).order(ByteOrder.LITTLE_ENDIAN);
            float[] values = new float[(int) tensor.elements()];
            files.bytes(name).asFloatBuffer().get(values);
            for (int i = 0; i < values.length; i++) {
                int bits = Float.floatToRawIntBits(values[i]) & 0xFFFF0000;
                values[i] = Float.intBitsToFloat(bits);
                words.putShort((short) (bits >>> 16));
            }
            rounded.add(name, tensor.shape(), values);
            half.add(name, "BF16", tensor.shape(), words.array());
        }
        Files.delete(wide.resolve("model.safetensors"));
        rounded.write(wide.resolve("model.safetensors"));
        half.write(narrow.resolve("model.safetensors"));
    }

    @Test
    void aGeneratorContinuesInBfloat16AsTheWholeTextSays() throws Exception {
        TinyModel.LLAMA.write(disk);
        Network network = StoredModel.read(disk, ModelTask.causalLm(), 0)
                .in(FloatType.BFLOAT16)
                .load(workspace);
        int[] prompt = {3, 1, 4};

        int[] answer = new Generator(network)
                .generate(List.of(prompt), GenerationConfig.greedy(5), Set.of(), 0)
                .get(0);

        int[] text =
                IntStream.concat(IntStream.of(prompt), IntStream.of(answer)).toArray();
        for (int at = prompt.length; at < text.length; at++) {
            int[] before = Arrays.copyOf(text, at);
            float[] logits = network.logits(TokenStream.of(List.of(before)), new int[] {at - 1})
                    .toFloatArray();
            float best = (float) IntStream.range(0, logits.length)
                    .mapToDouble(i -> logits[i])
                    .max()
                    .orElseThrow();
            assertThat(logits[text[at]]).isCloseTo(best, within(0.05f));
        }
    }
}
