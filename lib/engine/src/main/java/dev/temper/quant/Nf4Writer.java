package dev.temper.quant;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorWriter;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Quantizes tensors of files, one after the other, into a file as transformers saves them, which {@link Nf4Tensor#read}
 * reads. Floats lie at multiples of four bytes, so that they are used where they are mapped.
 */
final class Nf4Writer {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int ALIGNMENT = 8;
    private static final int OFFSET_DIGITS = 24; // of a double, whatever it is

    private final Quantization quantization;
    private final TensorFiles base;
    private ByteBuffer codes = ByteBuffer.allocate(0); // of the tensor that is being written
    private Absmax absmax = Absmax.of(new float[0]);

    private Nf4Writer(Quantization quantization, TensorFiles base) {
        this.quantization = quantization;
        this.base = base;
    }

    /**
     * Writes {@code NAME.safetensors}.
     *
     * @throws dev.temper.check.InvalidInputException naming the tensor, when one holds NaN or infinity
     */
    static void write(Folder folder, String name, SharedCodes.Source source) throws IOException {
        Nf4Writer writer = new Nf4Writer(source.quantization(), source.files());
        List<TensorWriter.Tensor> tensors = new ArrayList<>();
        for (SharedCodes.Matrix matrix : source.matrices()) {
            tensors.addAll(writer.parts(matrix));
        }
        try {
            TensorWriter.write(folder, name, tensors, Long.MAX_VALUE);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /** In the order in which they are asked for: the first quantizes. */
    private List<TensorWriter.Tensor> parts(SharedCodes.Matrix matrix) throws IOException {
        String name = matrix.name();
        Nf4Tensor.Form form = Nf4.form(matrix.weights(base));
        long bytes = (form.shape().size() + 1) / 2;
        long[] blocks = {form.blocks()};
        List<TensorWriter.Tensor> parts = new ArrayList<>();
        parts.add(new TensorWriter.Tensor(name + ".quant_map", new long[] {16}, () -> {
            quantize(matrix);
            return floats(Nf4.levels());
        }));
        if (quantization.doubleQuant()) {
            long[] nested = {(form.blocks() + Blockwise8.BLOCK - 1) / Blockwise8.BLOCK};
            parts.add(new TensorWriter.Tensor(name + ".nested_absmax", nested, () -> floats(nested().absmax())));
            parts.add(new TensorWriter.Tensor(
                    name + ".nested_quant_map", new long[] {256}, () -> floats(nested().levels())));
            parts.add(new TensorWriter.Tensor(name + ".absmax", "U8", blocks, () -> absmax.memory()));
            bytes += form.blocks();
        } else {
            parts.add(new TensorWriter.Tensor(name + ".absmax", blocks, () -> absmax.memory()));
            bytes += (long) Float.BYTES * form.blocks();
        }
        bytes += (quantization.doubleQuant() ? (form.blocks() + Blockwise8.BLOCK - 1L) / Blockwise8.BLOCK : 0)
                * Float.BYTES;
        parts.add(new TensorWriter.Tensor(
                name, "U8", new long[] {(form.shape().size() + 1) / 2, 1}, () -> codes.duplicate()));
        int least = state(form, 0).length() + OFFSET_DIGITS;
        int length = least + (int) (ALIGNMENT - (bytes + least) % ALIGNMENT) % ALIGNMENT;
        parts.add(new TensorWriter.Tensor(
                name + Nf4Tensor.STATE, "U8", new long[] {length}, () -> padded(state(form, absmax.offset()), length)));
        return parts;
    }

    private void quantize(SharedCodes.Matrix matrix) {
        try {
            Weights weights = matrix.weights(base);
            int bytes = Math.toIntExact((weights.count() + 1) / 2);
            codes = codes.capacity() >= bytes ? codes.clear().limit(bytes) : ByteBuffer.allocate(bytes);
            absmax = quantization.quantize(weights, codes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Blockwise8 nested() {
        return absmax.codes().orElseThrow();
    }

    private static ByteBuffer floats(float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * values.length).order(ByteOrder.nativeOrder());
        bytes.asFloatBuffer().put(values);
        return bytes;
    }

    /** JSON may end in spaces. */
    private static ByteBuffer padded(String json, int length) {
        return ByteBuffer.wrap((json + " ".repeat(length - json.length())).getBytes(StandardCharsets.UTF_8));
    }

    private String state(Nf4Tensor.Form form, float offset) {
        ObjectNode state = JSON.createObjectNode().put("quant_type", "nf4").put("blocksize", form.block());
        state.put("dtype", dtype(form.dtype()));
        for (long side : form.shape().getShape()) {
            state.withArray("shape").add(side);
        }
        if (quantization.doubleQuant()) {
            state.put("nested_blocksize", Blockwise8.BLOCK).put("nested_dtype", "float32");
            state.put("nested_offset", (double) offset);
        }
        try {
            return JSON.writeValueAsString(state);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("texts and numbers are JSON", e);
        }
    }

    private static String dtype(String safetensors) {
        return Nf4Tensor.DTYPES.entrySet().stream()
                .filter(entry -> entry.getValue().equals(safetensors))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElseThrow();
    }
}
