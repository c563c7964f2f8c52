package dev.temper.quant;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.kernel.Workspace;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorIndex;
import dev.temper.safetensors.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;

/**
 * A quantized tensor: two codes of 4 bits to a byte, the first one in the high bits, and the scales of their blocks.
 */
public final class Nf4Tensor {
    private static final ObjectMapper JSON = new ObjectMapper();
    static final String STATE = ".quant_state.bitsandbytes__nf4";
    private static final List<String> PARTS =
            List.of("", STATE, ".absmax", ".quant_map", ".nested_absmax", ".nested_quant_map");
    static final Map<String, String> DTYPES = Map.of("float32", "F32", "float16", "F16", "bfloat16", "BF16");

    private final Form form;
    private final NDArray codes;
    private final Absmax absmax;

    /**
     * What the tensor was.
     *
     * @param dtype as in safetensors
     * @param block how many weights have a scale in common
     */
    record Form(String dtype, Shape shape, int block) {
        int blocks() {
            return Math.toIntExact((shape.size() + block - 1) / block);
        }
    }

    Nf4Tensor(Form form, NDArray codes, Absmax absmax) {
        this.form = form;
        this.codes = codes;
        this.absmax = absmax;
    }

    /** True for a tensor that transformers saved quantized by bitsandbytes. */
    public static boolean isIn(TensorFiles files, String name) {
        return isIn(files.index(), name);
    }

    /** As {@link #isIn(TensorFiles, String)}, by the headers alone. */
    public static boolean isIn(TensorIndex index, String name) {
        return index.find(name + STATE).isPresent();
    }

    /** The names under which a tensor may lie in files: its own, and those of its scales and levels. */
    public static List<String> names(TensorIndex index, String name) {
        return isIn(index, name) ? PARTS.stream().map(part -> name + part).toList() : List.of(name);
    }

    /**
     * Reads what transformers saved; the codes stay in the mapped file.
     *
     * @param name of the weight, as in the model that is not quantized
     * @throws dev.temper.check.InvalidInputException when a part is missing or does not fit, or the type is another
     */
    public static Nf4Tensor read(Workspace workspace, TensorFiles files, String name) throws IOException {
        JsonNode state = state(files, name);
        String dtype = DTYPES.get(state.path("dtype").asText());
        check(dtype != null, "the tensor %s was quantized from %s, which is not known", name, state.path("dtype"));
        int block = state.path("blocksize").asInt();
        check(block >= 2 && block % 2 == 0, "the tensor %s has blocks of %s weights", name, state.path("blocksize"));
        long[] shape = StreamSupport.stream(state.path("shape").spliterator(), false)
                .mapToLong(JsonNode::asLong)
                .toArray();
        check(
                shape.length > 0 && Arrays.stream(shape).allMatch(side -> side > 0),
                "the tensor %s has the shape %s",
                name,
                state.path("shape"));
        check(
                Arrays.equals(floats(files, name + ".quant_map", 16), Nf4.levels()),
                "the tensor %s has levels that are not those of NF4",
                name);
        Form form = new Form(dtype, new Shape(shape), block);
        ByteBuffer bytes = files.bytes(name);
        checkBytes(name, bytes, (form.shape().size() + 1) / 2);
        NDArray codes = workspace.on(bytes, DataType.UINT8, new Shape(bytes.remaining()));
        return new Nf4Tensor(form, codes, absmax(files, name, form.blocks(), state));
    }

    private static JsonNode state(TensorFiles files, String name) throws IOException {
        TensorInfo tensor = files.index()
                .find(name + STATE)
                .orElseThrow(() -> invalid("the tensor %s is not quantized to NF4: %s is missing", name, name + STATE));
        byte[] json = new byte[Math.toIntExact(tensor.bytes())];
        files.bytes(tensor.name()).get(json);
        try {
            return JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw invalid("the tensor %s is damaged: it is not JSON", tensor.name());
        }
    }

    private static Absmax absmax(TensorFiles files, String name, int blocks, JsonNode state) throws IOException {
        if (files.index().find(name + ".nested_absmax").isEmpty()) {
            ByteBuffer scales = files.bytes(name + ".absmax");
            checkBytes(name + ".absmax", scales, (long) Float.BYTES * blocks);
            return Absmax.of(scales);
        }
        check(
                state.path("nested_blocksize").asInt() == Blockwise8.BLOCK,
                "the tensor %s has absmax in blocks of %s; only %d is known",
                name,
                state.path("nested_blocksize"),
                Blockwise8.BLOCK);
        ByteBuffer bytes = files.bytes(name + ".absmax");
        checkBytes(name + ".absmax", bytes, blocks);
        int nestedBlocks = (blocks + Blockwise8.BLOCK - 1) / Blockwise8.BLOCK;
        float[] nested = floats(files, name + ".nested_absmax", nestedBlocks);
        float[] levels = floats(files, name + ".nested_quant_map", 256);
        float offset = (float) state.path("nested_offset").asDouble();
        return Absmax.of(new Blockwise8(bytes, nested, levels), offset);
    }

    private static float[] floats(TensorFiles files, String name, int count) throws IOException {
        ByteBuffer bytes = files.bytes(name);
        checkBytes(name, bytes, (long) Float.BYTES * count);
        float[] values = new float[count];
        bytes.asFloatBuffer().get(values);
        return values;
    }

    private static void checkBytes(String name, ByteBuffer bytes, long expected) {
        check(
                bytes.remaining() == expected,
                "the tensor %s has %d bytes, its quantization state makes it %d",
                name,
                bytes.remaining(),
                expected);
    }

    /** Its type before it was quantized, as in safetensors. */
    public String dtype() {
        return form.dtype();
    }

    public Shape shape() {
        return form.shape();
    }

    /** The weights' codes, a byte for two of them. */
    public NDArray codes() {
        return codes;
    }

    /** The scales. */
    public Absmax absmax() {
        return absmax;
    }

    /** Of codes and scales. */
    public long bytes() {
        return codes.size() + absmax.bytes();
    }

    /**
     * What the layer's programs find it by: {@code NAME.codes} (bytes), {@code NAME.form} (rows, columns, block) and
     * {@code NAME.absmax} (blocks), or {@code NAME.absmax_codes} (blocks), {@code NAME.nested_absmax},
     * {@code NAME.nested_levels} (256) and {@code NAME.offset}. The dictionary needs {@link Nf4#PAIRS}, too.
     *
     * @param name of the projection in the layer's dictionary
     */
    public Map<String, NDArray> arrays(Workspace workspace, String name) {
        Map<String, NDArray> arrays = new LinkedHashMap<>();
        long rows = shape().get(0);
        arrays.put(name + ".codes", codes);
        arrays.put(name + ".form", workspace.ints(rows, shape().size() / rows, form.block()));
        absmax.addTo(arrays, workspace, name);
        return arrays;
    }
}
