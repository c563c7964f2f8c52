package dev.temper.testkit;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;

/**
 * Reads reference tensors of a safetensors file with the JDK alone, so that it shares no code with the reader under
 * test. Names and metadata must not contain braces or quotes.
 *
 * @see <a href="https://github.com/huggingface/safetensors#format">format</a>
 */
public final class Golden {
    private static final Pattern ENTRY = Pattern.compile("\"([^\"]+)\"\\s*:\\s*\\{([^{}]*)}");
    private static final Pattern DTYPE = Pattern.compile("\"dtype\"\\s*:\\s*\"(\\w+)\"");
    private static final Pattern SHAPE = Pattern.compile("\"shape\"\\s*:\\s*\\[([^]]*)]");
    private static final Pattern OFFSETS =
            Pattern.compile("\"data_offsets\"\\s*:\\s*\\[\\s*(\\d+)\\s*,\\s*(\\d+)\\s*]");

    private final Path file;
    private final Map<String, Tensor> tensors;

    private Golden(Path file, Map<String, Tensor> tensors) {
        this.file = file;
        this.tensors = tensors;
    }

    /** A tensor as stored in the file. */
    public static final class Tensor {
        private final String dtype;
        private final long[] shape;
        private final ByteBuffer bytes;

        private Tensor(String dtype, long[] shape, ByteBuffer bytes) {
            this.dtype = dtype;
            this.shape = shape;
            this.bytes = bytes;
        }

        /** Its dtype as named by the format: {@code F32}, {@code BF16}, {@code I64}, ... */
        public String dtype() {
            return dtype;
        }

        public long[] shape() {
            return shape.clone();
        }

        /** Values in row-major order, for F32, F16, BF16 and F64. */
        public float[] floats() {
            float[] values = new float[size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = floatAt(i);
            }
            return values;
        }

        /** Values in row-major order, for integers and BOOL (1 is true). */
        public long[] longs() {
            long[] values = new long[size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = longAt(i);
            }
            return values;
        }

        private int size() {
            return Math.toIntExact(LongStream.of(shape).reduce(1, Math::multiplyExact));
        }

        private float floatAt(int i) {
            return switch (dtype) {
                case "F32" -> bytes.getFloat(4 * i);
                case "F64" -> (float) bytes.getDouble(8 * i);
                case "BF16" -> Float.intBitsToFloat(bytes.getShort(2 * i) << 16);
                case "F16" -> half(bytes.getShort(2 * i));
                default -> throw new IllegalArgumentException(dtype + " is no floating-point type");
            };
        }

        private long longAt(int i) {
            return switch (dtype) {
                case "I64" -> bytes.getLong(8 * i);
                case "I32" -> bytes.getInt(4 * i);
                case "I16" -> bytes.getShort(2 * i);
                case "I8" -> bytes.get(i);
                case "U8", "BOOL" -> bytes.get(i) & 0xff;
                default -> throw new IllegalArgumentException(dtype + " is no type of whole numbers");
            };
        }

        // Float.float16ToFloat exists since Java 20.
        private static float half(short bits) {
            int exponent = bits >> 10 & 0x1f;
            int fraction = bits & 0x3ff;
            float magnitude =
                    switch (exponent) {
                        case 0 -> fraction * 0x1p-24f;
                        case 31 -> fraction == 0 ? Float.POSITIVE_INFINITY : Float.NaN;
                        default -> (1 + fraction * 0x1p-10f) * Math.scalb(1f, exponent - 15);
                    };
            return bits < 0 ? -magnitude : magnitude;
        }
    }

    /** Reads a whole file of at most 2 GB. */
    public static Golden read(Path file) throws IOException {
        ByteBuffer all = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        int headerSize = Math.toIntExact(all.getLong(0));
        String header = new String(all.array(), Long.BYTES, headerSize, StandardCharsets.UTF_8);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (MatchResult entry : ENTRY.matcher(header).results().toList()) {
            String fields = entry.group(2);
            if (!entry.group(1).equals("__metadata__")) {
                int start = Math.toIntExact(Long.parseLong(find(OFFSETS, fields, 1)));
                int end = Math.toIntExact(Long.parseLong(find(OFFSETS, fields, 2)));
                ByteBuffer bytes = all.slice(Long.BYTES + headerSize + start, end - start);
                long[] shape = shape(find(SHAPE, fields, 1));
                tensors.put(entry.group(1), new Tensor(find(DTYPE, fields, 1), shape, bytes.order(all.order())));
            }
        }
        return new Golden(file, tensors);
    }

    public Set<String> names() {
        return tensors.keySet();
    }

    public Tensor tensor(String name) {
        Tensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new IllegalArgumentException("no " + name + " in " + file + ": there are " + names());
        }
        return tensor;
    }

    /** The tensor on a DJL manager: floating-point numbers as float32, integers as int64. */
    public NDArray array(NDManager manager, String name) {
        Tensor tensor = tensor(name);
        Shape shape = new Shape(tensor.shape);
        boolean isFloat = tensor.dtype.contains("F");
        return isFloat ? manager.create(tensor.floats(), shape) : manager.create(tensor.longs(), shape);
    }

    private static long[] shape(String list) {
        return list.isBlank()
                ? new long[0]
                : Arrays.stream(list.split(","))
                        .mapToLong(width -> Long.parseLong(width.strip()))
                        .toArray();
    }

    private static String find(Pattern pattern, String text, int group) {
        Matcher matcher = pattern.matcher(text);
        if (!matcher.find()) {
            throw new IllegalArgumentException("no " + pattern + " in " + text);
        }
        return matcher.group(group);
    }
}
