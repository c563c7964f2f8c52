package dev.temper.safetensors;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/** A safetensors file made by hand, right or wrong; it shares no code with the writer under test. */
public final class SafetensorsFile {
    private final ByteArrayOutputStream data = new ByteArrayOutputStream();
    private final Map<String, String> entries = new LinkedHashMap<>();
    private final List<Floats> floats = new ArrayList<>();
    private boolean isAligned;

    private record Floats(String name, long[] shape, float[] values) {}

    /** Adds a tensor after the others. */
    public SafetensorsFile add(String name, String dtype, long[] shape, byte[] bytes) {
        int start = data.size();
        data.writeBytes(bytes);
        return entry(name, dtype, shape, start, data.size());
    }

    /** Adds float32 values. */
    public SafetensorsFile add(String name, long[] shape, float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        floats.add(new Floats(name, shape, values));
        return add(name, "F32", shape, bytes.array());
    }

    /** The same float32 tensors in bfloat16, their last 16 bits cut off. */
    public SafetensorsFile inBfloat16() {
        SafetensorsFile file = new SafetensorsFile();
        for (Floats tensor : floats) {
            ByteBuffer words = ByteBuffer.allocate(2 * tensor.values.length).order(ByteOrder.LITTLE_ENDIAN);
            for (float value : tensor.values) {
                words.putShort((short) (Float.floatToRawIntBits(value) >>> 16));
            }
            file.add(tensor.name, "BF16", tensor.shape, words.array());
        }
        return file;
    }

    /** From now on its data begins at a multiple of eight bytes, as in files of the safetensors library. */
    public SafetensorsFile aligned() {
        isAligned = true;
        return this;
    }

    /** Says in the header that there is a tensor, and adds no bytes. */
    public SafetensorsFile entry(String name, String dtype, long[] shape, long start, long end) {
        entries.put(
                name,
                "{\"dtype\":\"" + dtype + "\",\"shape\":"
                        + LongStream.of(shape).boxed().toList() + ",\"data_offsets\":[" + start + "," + end + "]}");
        return this;
    }

    /** The whole file. */
    public byte[] bytes() {
        StringBuilder header = new StringBuilder();
        entries.forEach((name, entry) -> header.append(header.isEmpty() ? "{" : ",")
                .append('"')
                .append(name)
                .append("\":")
                .append(entry));
        header.append('}');
        int filled = header.toString().getBytes(StandardCharsets.UTF_8).length;
        header.append(" ".repeat(isAligned ? -filled & 7 : 0));
        return bytes(header.toString(), data.toByteArray());
    }

    /** A file with any header and any data. */
    public static byte[] bytes(String header, byte[] data) {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + text.length + data.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(text.length)
                .put(text)
                .put(data)
                .array();
    }

    public void write(Path file) throws IOException {
        Files.createDirectories(file.getParent());
        Files.write(file, bytes());
    }
}
