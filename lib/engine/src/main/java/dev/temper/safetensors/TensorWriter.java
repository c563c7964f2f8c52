package dev.temper.safetensors;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Writes tensors as {@code NAME.safetensors}, or, above a limit, as shards with an index, named as transformers names
 * them. One tensor is in memory at a time.
 */
public final class TensorWriter {
    /** Where transformers splits. */
    public static final long SHARD_BYTES = 5_000_000_000L;

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int BLOCK = 1 << 16;
    private static final Map<String, Integer> ELEMENT_BYTES = Map.of("F32", 4, "F16", 2, "BF16", 2, "U8", 1);

    /**
     * A tensor to be written.
     *
     * @param dtype {@code F32}, {@code F16}, {@code BF16} or {@code U8}
     * @param values its elements in native order, asked for when it is written
     */
    public record Tensor(String name, String dtype, long[] shape, Supplier<ByteBuffer> values) {
        /** A float32 tensor. */
        public Tensor(String name, long[] shape, Supplier<ByteBuffer> values) {
            this(name, "F32", shape, values);
        }

        long bytes() {
            long elements = 1;
            for (long size : shape) {
                elements *= size;
            }
            return elements * ELEMENT_BYTES.get(dtype);
        }
    }

    private TensorWriter() {}

    /**
     * Writes all tensors in the given order.
     *
     * @param shardBytes bytes of tensors in one file at most, save for a single larger tensor
     */
    public static void write(Folder folder, String name, List<Tensor> tensors, long shardBytes) throws IOException {
        List<List<Tensor>> shards = split(tensors, shardBytes);
        if (shards.size() == 1) {
            writeFile(folder, name + ".safetensors", shards.get(0));
            return;
        }
        ObjectNode index = JSON.createObjectNode();
        index.putObject("metadata")
                .put("total_size", tensors.stream().mapToLong(Tensor::bytes).sum());
        ObjectNode map = index.putObject("weight_map");
        for (int i = 0; i < shards.size(); i++) {
            String file = String.format(Locale.ROOT, "%s-%05d-of-%05d.safetensors", name, i + 1, shards.size());
            writeFile(folder, file, shards.get(i));
            shards.get(i).forEach(tensor -> map.put(tensor.name(), file));
        }
        folder.writeText(
                name + ".safetensors.index.json",
                JSON.writerWithDefaultPrettyPrinter().writeValueAsString(index) + "\n");
    }

    private static List<List<Tensor>> split(List<Tensor> tensors, long shardBytes) {
        List<List<Tensor>> shards = new ArrayList<>(List.of(new ArrayList<>()));
        long used = 0;
        for (Tensor tensor : tensors) {
            if (used > 0 && used + tensor.bytes() > shardBytes) {
                shards.add(new ArrayList<>());
                used = 0;
            }
            shards.get(shards.size() - 1).add(tensor);
            used += tensor.bytes();
        }
        return shards;
    }

    private static void writeFile(Folder folder, String file, List<Tensor> tensors) throws IOException {
        ObjectNode header = JSON.createObjectNode();
        header.putObject("__metadata__").put("format", "pt");
        long offset = 0;
        for (Tensor tensor : tensors) {
            ObjectNode entry = header.putObject(tensor.name()).put("dtype", tensor.dtype());
            for (long size : tensor.shape()) {
                entry.withArray("shape").add(size);
            }
            entry.withArray("shape");
            entry.withArray("data_offsets").add(offset).add(offset + tensor.bytes());
            offset += tensor.bytes();
        }
        byte[] json = JSON.writeValueAsString(header).getBytes(StandardCharsets.UTF_8);
        int padding = (8 - json.length % 8) % 8; // tensors start at a multiple of 8
        try (OutputStream out = folder.write(file)) {
            out.write(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(json.length + padding)
                    .array());
            out.write(json);
            out.write(" ".repeat(padding).getBytes(StandardCharsets.US_ASCII));
            byte[] block = new byte[BLOCK];
            for (Tensor tensor : tensors) {
                copy(tensor.values().get(), block, out);
            }
        }
    }

    private static void copy(ByteBuffer values, byte[] block, OutputStream out) throws IOException {
        while (values.hasRemaining()) {
            if (Thread.interrupted()) {
                throw new InterruptedIOException("interrupted while tensors were written");
            }
            int length = Math.min(block.length, values.remaining());
            values.get(block, 0, length);
            out.write(block, 0, length);
        }
    }
}
