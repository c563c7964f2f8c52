package dev.temper.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.temper.check.InvalidInputException;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.LossKernels.Trained;
import dev.temper.kernel.QuantKernels;
import dev.temper.kernel.Workspace;
import dev.temper.safetensors.SafetensorsFile;
import dev.temper.safetensors.TensorFiles;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class Nf4Test {
    private static final FloatType FLOAT32 = FloatType.FLOAT32;

    @TempDir
    Path folder;

    private Workspace workspace;
    private QuantKernels kernels;

    @BeforeEach
    void open() {
        workspace = Workspace.open(1);
        kernels = QuantKernels.open(workspace);
    }

    @AfterEach
    void close() {
        kernels.close();
        workspace.close();
    }

    private static float[] normal(int count) {
        Random random = new Random(5);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (0.02 * random.nextGaussian());
        }
        return values;
    }

    private static Weights weights(float[] values, long... shape) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return Weights.of("a.weight", "F32", new Shape(shape), bytes);
    }

    private Map<String, NDArray> parts(Nf4Tensor tensor) {
        Map<String, NDArray> parts = new LinkedHashMap<>(tensor.arrays(workspace, "weight"));
        parts.put(Nf4.PAIRS, Nf4.pairs(workspace));
        return parts;
    }

    private float[] dequantized(Nf4Tensor tensor) {
        return kernels.dequantize(parts(tensor), FLOAT32).toFloatArray();
    }

    /** The largest gap between two levels is 0.304 of the block's largest magnitude: half of it is lost at most. */
    @ParameterizedTest
    @CsvSource({"640, 1024", "7, 33", "1, 1", "3, 64", "700, 750"})
    void restoresEveryWeightToHalfAGap(int rows, int columns) {
        float[] values = normal(rows * columns);

        Nf4Tensor tensor = Nf4.quantize(workspace, weights(values, rows, columns));

        float[] restored = dequantized(tensor);
        float[] absmax = tensor.absmax().values();
        assertThat(restored).hasSameSizeAs(values);
        for (int i = 0; i < values.length; i++) {
            assertThat(restored[i]).as("element %d", i).isCloseTo(values[i], within(0.1521f * absmax[i / 64]));
        }
        assertThat(tensor.bytes())
                .isEqualTo((values.length + 1) / 2 + 4L * absmax.length)
                .isEqualTo(Nf4.bytes(values.length));
    }

    @Test
    void doubleQuantizationKeepsScalesNear() {
        Weights weights = weights(normal(300 * 70), 300, 70); // 329 blocks: one and a part of 256

        float[] exact = Nf4.quantize(workspace, weights).absmax().values();
        Absmax absmax = Nf4.quantizeDoubly(workspace, weights).absmax();

        assertThat(absmax.values()).hasSameSizeAs(exact).isNotEqualTo(exact);
        for (int i = 0; i < exact.length; i++) {
            assertThat(absmax.values()[i]).isCloseTo(exact[i], within(0.01f * exact[i]));
        }
        assertThat(absmax.bytes()).isEqualTo(329 + 2 * 4 + 4);
        assertThat(Nf4.bytesDoubly(300 * 70)).isEqualTo(300 * 70 / 2 + absmax.bytes());
    }

    @ParameterizedTest
    @ValueSource(strings = {"F32", "BF16"})
    void quantizesAMatrixOnItsSide(String dtype) {
        int width = dtype.equals("F32") ? 4 : 2;
        byte[] bytes = new byte[width * 30 * 70];
        ByteBuffer stored = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer turned = ByteBuffer.allocate(bytes.length).order(ByteOrder.LITTLE_ENDIAN);
        float[] values = normal(30 * 70);
        for (int i = 0; i < values.length; i++) {
            int bits = Float.floatToRawIntBits(values[i]);
            int at = i % 70 * 30 + i / 70; // of element (i / 70, i % 70) in the matrix (70, 30)
            if (width == 4) {
                stored.putInt(4 * i, bits);
                turned.putInt(4 * at, bits);
            } else {
                stored.putShort(2 * i, (short) (bits >>> 16));
                turned.putShort(2 * at, (short) (bits >>> 16));
            }
        }

        Nf4Tensor actual = Nf4.quantize(
                workspace, Weights.of("a", dtype, new Shape(30, 70), stored).transposed());

        Nf4Tensor expected = Nf4.quantize(workspace, Weights.of("a", dtype, new Shape(70, 30), turned));
        assertThat(actual.shape()).isEqualTo(expected.shape());
        assertThat(actual.codes().toByteArray()).isEqualTo(expected.codes().toByteArray());
        assertThat(actual.absmax().values()).isEqualTo(expected.absmax().values());
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void refusesWhatIsNoNumber(float bad) {
        float[] values = normal(300 * 700);
        values[200_001] = bad;
        values[209_001] = bad;

        assertThatThrownBy(() -> Nf4.quantize(workspace, weights(values, 300, 700)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContainingAll("a.weight", "NaN or infinity", "200000 to 200063");
    }

    @Test
    void takesNoMoreThreadsThanTheWorkspaceHas() {
        Set<Thread> threads = ConcurrentHashMap.newKeySet();
        workspace.withinThreads(() -> {
            LongStream.range(0, 1000).parallel().forEach(i -> threads.add(Thread.currentThread()));
            return null;
        });
        assertThat(threads).hasSize(1);

        long before = ForkJoinPool.commonPool().getStealCount();
        Nf4.quantizeDoubly(workspace, weights(normal(2000 * 700), 2000, 700));
        assertThat(ForkJoinPool.commonPool().getStealCount()).isEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(strings = {"U8", "I64", "F8_E4M3"})
    void refusesOtherTypes(String dtype) {
        assertThatThrownBy(() -> Weights.of("a.weight", dtype, new Shape(8, 8), ByteBuffer.allocate(512)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContainingAll("a.weight", dtype, "F32, F16 and BF16");
    }

    /** bitsandbytes' processor code has code 0 there, -1 times 0. */
    @Test
    void blockOfZerosStaysZero() {
        float[] values = normal(192);
        Arrays.fill(values, 64, 128, 0);

        Nf4Tensor tensor = Nf4.quantize(workspace, weights(values, 3, 64));

        float[] restored = dequantized(tensor);
        assertThat(tensor.codes().toByteArray()[32]).isZero();
        for (int i = 64; i < 128; i++) {
            assertThat(restored[i]).isEqualTo(-0f);
        }
        assertThat(restored[63]).isNotZero();
    }

    /**
     * Codes and absmax from
     *
     * <pre>
     * x = torch.tensor([0.1 * ((i * 37) % 41 - 20) * (1 + i / 7) for i in range(70)], dtype=torch.float64).half()
     * bitsandbytes.functional.quantize_4bit(x, blocksize=64, quant_type="nf4")
     * </pre>
     */
    @Test
    void quantizesHalvesAsBitsandbytes() {
        ByteBuffer bytes = ByteBuffer.allocate(140).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < 70; i++) {
            bytes.putShort(half(0.1 * ((i * 37) % 41 - 20) * (1 + i / 7.0)));
        }

        Nf4Tensor tensor = Nf4.quantize(workspace, Weights.of("a.weight", "F16", new Shape(70), bytes.flip()));

        assertThat(tensor.codes().toUint8Array())
                .containsExactly(
                        104, 136, 135, 118, 101, 74, 153, 135, 118, 84, 60, 186, 152, 118, 67, 45, 203, 169, 118, 67,
                        33, 220, 185, 134, 66, 17, 237, 202, 134, 66, 16, 254, 254, 166, 32);
        assertThat(tensor.absmax().values()).isEqualTo(new float[] {18.734375f, 11.15625f});
    }

    /** Correct for numbers that a half holds without the ends of its range, which these are. */
    private static short half(double value) {
        int exponent = Math.getExponent(value);
        if (value == 0) {
            return 0;
        }
        long mantissa = (long) Math.rint(Math.abs(value) * Math.pow(2, 10 - exponent));
        int bits = (int) (mantissa - 1024) + ((exponent + 15) << 10);
        return (short) (value < 0 ? bits | 0x8000 : bits);
    }

    @Test
    void gradientReachesTheInputAndSharedMemoryIsGuarded() {
        Random random = new Random(3);
        Nf4Tensor tensor = Nf4.quantizeDoubly(workspace, weights(normal(48 * 96), 48, 96));
        Map<String, NDArray> parts = parts(tensor);
        NDArray dense = kernels.dequantize(parts, FLOAT32);
        Map<String, NDArray> shared = new LinkedHashMap<>(parts);
        shared.put("weight.dense", workspace.empty(new Shape(48, 96), FLOAT32));
        NDArray x = workspace.floats(gaussian(random, 5 * 96), new Shape(1, 5, 96));
        NDArray gy = workspace.floats(gaussian(random, 5 * 48), new Shape(1, 5, 48));
        x.setRequiresGradient(true);
        for (Map<String, NDArray> each : List.of(parts, shared)) {
            NDArray y = Workspace.recorded(() -> kernels.linear(x, each));
            NDArray gx = workspace.losses().backward(y, gy, x, new Trained(List.of(), List.of()));

            assertThat(gx.toFloatArray()).isEqualTo(gy.matMul(dense).toFloatArray());
        }
        NDArray first = Workspace.recorded(() -> kernels.linear(x, shared));
        assertThat(Workspace.recorded(() -> kernels.linear(x, shared)).getShape())
                .isEqualTo(new Shape(1, 5, 48));
        assertThatThrownBy(() -> workspace.losses().backward(first, gy, x, new Trained(List.of(), List.of())))
                .hasMessageContaining("modified by an inplace operation");
    }

    /** Rows in pieces: one, several, with an end inside a block, of a width that is no multiple of the block. */
    @ParameterizedTest
    @CsvSource({"48, 96, 5", "300, 1024, 1", "300, 1024, 8", "4200, 1024, 9", "701, 750, 2", "7, 33, 3", "1, 1, 1"})
    void multipliesInPiecesAsWithTheWholeMatrix(int rows, int columns, int tokens) {
        Nf4Tensor tensor = Nf4.quantizeDoubly(workspace, weights(normal(rows * columns), rows, columns));
        Map<String, NDArray> parts = parts(tensor);
        NDArray x = workspace.floats(gaussian(new Random(7), tokens * columns), new Shape(1, tokens, columns));
        NDArray bias = workspace.floats(gaussian(new Random(8), rows), new Shape(rows));
        NDArray dense = kernels.dequantize(parts, FLOAT32);
        float[] expected = x.matMul(dense.transpose()).add(bias).toFloatArray();
        parts.put("weight.bias", bias);

        NDArray y = kernels.linear(x, parts);
        NDArray inferred = Workspace.inferred(() -> kernels.linear(x, parts));

        assertThat(y.getShape()).isEqualTo(new Shape(1, tokens, rows));
        assertThat(inferred.toFloatArray()).isEqualTo(y.toFloatArray());
        float[] actual = y.toFloatArray();
        for (int i = 0; i < expected.length; i++) {
            assertThat(actual[i]).as("element %d", i).isCloseTo(expected[i], within(1e-5f));
        }
    }

    private static float[] gaussian(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    /** A checkpoint of one matrix (2, 64), as transformers saves it, with one thing wrong. */
    @ParameterizedTest
    @CsvSource({
        "block, 'has 4 bytes, its quantization state makes it 8'",
        "levels, levels that are not those of NF4",
        "json, it is not JSON",
        "codes, 'has 60 bytes, its quantization state makes it 64'",
        "dtype, 'was quantized from \"int7\"'",
        "state, is not quantized to NF4",
        "absmax, holds no tensor a.weight.absmax",
    })
    void refusesDamagedCheckpoints(String wrong, String message) throws Exception {
        float[] levels = Nf4.levels();
        levels[3] = wrong.equals("levels") ? -0.5f : levels[3];
        String json = "{\"quant_type\": \"nf4\", \"blocksize\": 64, \"dtype\": \"float32\", \"shape\": [2, 64]";
        String state = wrong.equals("dtype") ? json.replace("float32", "int7") : json;
        byte[] bytes = (state + (wrong.equals("json") ? "" : "}")).getBytes(StandardCharsets.UTF_8);
        SafetensorsFile file = new SafetensorsFile()
                .add(
                        "a.weight",
                        "U8",
                        new long[] {wrong.equals("codes") ? 60 : 64, 1},
                        new byte[wrong.equals("codes") ? 60 : 64])
                .add("a.weight.quant_map", new long[] {16}, levels);
        if (!wrong.equals("absmax")) {
            file.add(
                    "a.weight.absmax",
                    new long[] {wrong.equals("block") ? 1 : 2},
                    wrong.equals("block") ? new float[1] : new float[2]);
        }
        if (!wrong.equals("state")) {
            file.add("a.weight.quant_state.bitsandbytes__nf4", "U8", new long[] {bytes.length}, bytes);
        }
        file.write(folder.resolve("model.safetensors"));
        TensorFiles files = TensorFiles.open(folder, "model");

        assertThatThrownBy(() -> Nf4Tensor.read(workspace, files, "a.weight"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContainingAll("a.weight", message);
    }
}
