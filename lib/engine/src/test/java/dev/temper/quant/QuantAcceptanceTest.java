package dev.temper.quant;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.QuantKernels;
import dev.temper.kernel.Workspace;
import dev.temper.model.Backpropagation;
import dev.temper.model.GoldenModels;
import dev.temper.model.Network;
import dev.temper.model.TokenStream;
import dev.temper.safetensors.TensorFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Codes, scales and restored values against bitsandbytes, to the last bit. */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class QuantAcceptanceTest {
    private static final GoldenModels GOLDEN = GoldenModels.open();

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

    private static Stream<String> cases() throws IOException {
        return open("nf4").index().names().stream()
                .filter(name -> name.endsWith(".input"))
                .map(name -> name.substring(0, name.length() - ".input".length()))
                .sorted();
    }

    private static TensorFiles open(String name) throws IOException {
        return TensorFiles.open(GOLDEN.root().resolve("quant"), name);
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }

    private static float[] floats(TensorFiles files, String name) throws IOException {
        float[] values =
                new float[Math.toIntExact(files.index().find(name).orElseThrow().elements())];
        Weights.of(files, name).read(0, values.length, values);
        return values;
    }

    @Test
    void thereAreCases() throws Exception {
        assertThat(cases()).hasSize(12);
        assertThat(Nf4.levels()).isEqualTo(floats(open("nf4"), "nf4_map"));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void quantizesAsBitsandbytes(String name) throws Exception {
        TensorFiles golden = open("nf4");

        Nf4Tensor tensor = Nf4.quantize(workspace, Weights.of(golden, name + ".input"));

        assertThat(tensor.codes().toByteArray()).isEqualTo(bytes(golden.bytes(name + ".codes")));
        assertThat(tensor.absmax().values()).isEqualTo(floats(golden, name + ".absmax"));
        assertDequantized(tensor, golden, name);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void quantizesDoublyAsBitsandbytes(String name) throws Exception {
        TensorFiles golden = open("nf4");

        Nf4Tensor tensor = Nf4.quantizeDoubly(workspace, Weights.of(golden, name + ".input"));

        Blockwise8 nested = tensor.absmax().codes().orElseThrow();
        assertThat(tensor.codes().toByteArray()).isEqualTo(bytes(golden.bytes(name + ".codes")));
        assertThat(tensor.absmax().offset()).isEqualTo(floats(golden, name + ".double.offset")[0]);
        assertThat(nested.codes()).isEqualTo(bytes(golden.bytes(name + ".double.absmax")));
        assertThat(nested.absmax()).isEqualTo(floats(golden, name + ".double.nested_absmax"));
        assertThat(tensor.absmax().values()).isEqualTo(floats(golden, name + ".double.absmax_restored"));
        assertDequantized(tensor, golden, name + ".double");
    }

    private void assertDequantized(Nf4Tensor tensor, TensorFiles golden, String name) throws IOException {
        if (golden.index().find(name + ".dequantized").isPresent()) {
            FloatType dtype = tensor.dtype().equals("BF16") ? FloatType.BFLOAT16 : FloatType.FLOAT32;
            NDArray values = kernels.dequantize(parts(tensor), dtype);
            assertThat(values.toFloatArray()).isEqualTo(floats(golden, name + ".dequantized"));
        }
    }

    private Map<String, NDArray> parts(Nf4Tensor tensor) {
        Map<String, NDArray> parts = new LinkedHashMap<>(tensor.arrays(workspace, "weight"));
        parts.put(Nf4.PAIRS, Nf4.pairs(workspace));
        return parts;
    }

    @ParameterizedTest
    @EnumSource
    void mapsAreThoseOfBitsandbytes(DynamicMap map) throws Exception {
        String name = map.name().toLowerCase(Locale.ROOT);
        TensorFiles golden = open("blockwise8");
        assertThat(map.levels()).isEqualTo(floats(golden, "map." + name));
        for (String size : List.of("small", "long")) {
            String prefix = name + "." + size;

            Blockwise8 values = Blockwise8.quantize(floats(golden, prefix + ".input"), map);

            assertThat(values.codes()).isEqualTo(bytes(golden.bytes(prefix + ".codes")));
            assertThat(values.absmax()).isEqualTo(floats(golden, prefix + ".absmax"));
            assertThat(values.dequantize()).isEqualTo(floats(golden, prefix + ".dequantized"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"linear4bit", "linear4bit_double"})
    void readsWhatTransformersSaved(String folder) throws Exception {
        TensorFiles saved = TensorFiles.open(GOLDEN.root().resolve("quant").resolve(folder), "model");
        TensorFiles base = GOLDEN.weights("llama");
        TensorFiles dequantized =
                TensorFiles.open(GOLDEN.root().resolve("quant").resolve("qlora"), "dequantized");
        List<String> names = saved.index().names().stream()
                .filter(name -> Nf4Tensor.isIn(saved, name))
                .toList();
        assertThat(names).hasSize(21);
        for (String name : names) {
            Nf4Tensor read = Nf4Tensor.read(workspace, saved, name);
            boolean isDouble = folder.endsWith("double");

            Nf4Tensor ours = isDouble
                    ? Nf4.quantizeDoubly(workspace, Weights.of(base, name))
                    : Nf4.quantize(workspace, Weights.of(base, name));

            assertThat(read.absmax().codes().isPresent()).isEqualTo(isDouble);
            assertThat(read.codes().toByteArray())
                    .as(name)
                    .isEqualTo(ours.codes().toByteArray());
            assertThat(read.shape()).isEqualTo(ours.shape());
            assertThat(read.absmax().offset()).isEqualTo(ours.absmax().offset());
            if (isDouble) {
                assertNested(read.absmax(), ours.absmax());
                NDArray values = kernels.dequantize(parts(ours), FloatType.FLOAT32);
                assertThat(values.toFloatArray()).as(name).isEqualTo(floats(dequantized, name));
            } else {
                assertThat(read.absmax().values())
                        .as(name)
                        .isEqualTo(ours.absmax().values());
            }
        }
    }

    /** What bitsandbytes computed on a processor: its map begins with another level, which the file brings. */
    private static void assertNested(Absmax read, Absmax ours) {
        Blockwise8 expected = read.codes().orElseThrow();
        Blockwise8 actual = ours.codes().orElseThrow();
        assertThat(actual.codes()).isEqualTo(expected.codes());
        assertThat(actual.absmax()).isEqualTo(expected.absmax());
        assertThat(expected.levels()).startsWith(-1).endsWith(Arrays.copyOfRange(actual.levels(), 1, 256));
        assertThat(actual.levels()[0]).isGreaterThan(-1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"linear4bit", "linear4bit_double"})
    void quantizedNetworkHasTransformersLogits(String folder) throws Exception {
        TensorFiles golden = GOLDEN.golden("quant/" + folder);
        try (Network network =
                Network.open(workspace, GOLDEN.root().resolve("quant").resolve(folder))) {
            assertLogits(network, golden);
            Backpropagation.checkpointing(network); // gives the layers memory that they share
            assertLogits(network, golden);
        }
    }

    private static void assertLogits(Network network, TensorFiles golden) throws IOException {
        for (int k = 0; k < 2; k++) {
            int[] ids = GoldenModels.ints(golden, "input_ids_" + k);
            int[] all = IntStream.range(0, ids.length).toArray();
            NDArray logits = network.logits(TokenStream.of(List.of(ids)), all);
            assertThat(GoldenModels.difference(logits, GoldenModels.floats(golden, "logits_" + k)))
                    .isLessThan(1e-4);
        }
    }
}
