package dev.temper.kernel;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * A TorchScript archive: a stored zip of source files and a pickle of one module with its attributes, as
 * {@code torch.jit.save} writes it and {@code torch.jit.load} reads it, here and in Python.
 */
final class Archive {
    private static final String NAME = "program";

    private Archive() {}

    /**
     * The archive's bytes.
     *
     * @param type the module's class, such as {@code llama.Llama}
     * @param attributes its attributes: Integer, Double, Boolean or String
     * @param sources file name to TorchScript source
     */
    static byte[] of(String type, Map<String, Object> attributes, Map<String, String> sources) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            zip.setMethod(ZipOutputStream.STORED);
            put(zip, "data.pkl", pickle(type, attributes));
            for (Map.Entry<String, String> source : sources.entrySet()) {
                put(zip, "code/__torch__/" + source.getKey(), source.getValue().getBytes(StandardCharsets.UTF_8));
            }
            put(zip, "constants.pkl", new byte[] {(byte) 0x80, 2, ')', '.'}); // an empty tuple
            put(zip, "version", "10\n".getBytes(StandardCharsets.UTF_8)); // below 10 newer operators are missing
        } catch (IOException e) {
            throw new IllegalStateException("writing to memory failed", e);
        }
        return bytes.toByteArray();
    }

    private static void put(ZipOutputStream zip, String name, byte[] content) throws IOException {
        CRC32 crc = new CRC32();
        crc.update(content);
        ZipEntry entry = new ZipEntry(NAME + "/" + name);
        entry.setSize(content.length);
        entry.setCompressedSize(content.length);
        entry.setCrc(crc.getValue());
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }

    /** Pickle protocol 2: an object of the class without arguments, and its attributes as state. */
    private static byte[] pickle(String type, Map<String, Object> attributes) throws IOException {
        int dot = type.lastIndexOf('.');
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(new byte[] {(byte) 0x80, 2});
        String global = "c__torch__." + type.substring(0, dot) + "\n" + type.substring(dot + 1) + "\n";
        out.write(global.getBytes(StandardCharsets.US_ASCII));
        out.write(new byte[] {')', (byte) 0x81, '}', '('});
        string(out, "training");
        out.write(0x88); // True
        for (Map.Entry<String, Object> attribute : attributes.entrySet()) {
            string(out, attribute.getKey());
            value(out, attribute.getValue());
        }
        out.write(new byte[] {'u', 'b', '.'});
        return out.toByteArray();
    }

    private static void value(ByteArrayOutputStream out, Object value) throws IOException {
        if (value instanceof Integer number) {
            out.write('J');
            out.write(littleEndian(number));
        } else if (value instanceof Double number) {
            out.write('G');
            out.write(ByteBuffer.allocate(8).putDouble(number).array());
        } else if (value instanceof Boolean truth) {
            out.write(truth ? 0x88 : 0x89);
        } else {
            string(out, (String) value);
        }
    }

    private static void string(ByteArrayOutputStream out, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.write('X');
        out.write(littleEndian(bytes.length));
        out.write(bytes);
    }

    private static byte[] littleEndian(int number) {
        return ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(number)
                .array();
    }
}
