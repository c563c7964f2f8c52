package dev.temper.quant;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import ai.djl.ndarray.types.Shape;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.ShortBuffer;
import java.util.Arrays;

/** A tensor of floating-point numbers as it lies in a file: read in pieces, never a whole in float32. */
public final class Weights {
    private enum Type {
        F64(Double.BYTES),
        F32(Float.BYTES),
        F16(Short.BYTES),
        BF16(Short.BYTES);

        private final int bytes;

        Type(int bytes) {
            this.bytes = bytes;
        }
    }

    private final String name;
    private final Type type;
    private final Shape shape;
    private final ByteBuffer bytes;
    private final boolean isTransposed; // the bytes are those of the matrix on its side

    private Weights(String name, Type type, Shape shape, ByteBuffer bytes, boolean isTransposed) {
        this.name = name;
        this.type = type;
        this.shape = shape;
        this.bytes = bytes;
        this.isTransposed = isTransposed;
    }

    /**
     * @param dtype {@code F64}, {@code F32}, {@code F16} or {@code BF16}
     * @param bytes little-endian
     * @throws dev.temper.check.InvalidInputException for another type
     */
    public static Weights of(String name, String dtype, Shape shape, ByteBuffer bytes) {
        check(
                Arrays.stream(Type.values()).anyMatch(type -> type.name().equals(dtype)),
                "the tensor %s is %s; only F64, F32, F16 and BF16 can be quantized",
                name,
                dtype);
        Type type = Type.valueOf(dtype);
        Weights weights = new Weights(name, type, shape, bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN), false);
        check(
                bytes.remaining() == weights.count() * type.bytes,
                "the tensor %s has %d bytes, which do not fit its shape %s",
                name,
                bytes.remaining(),
                shape);
        return weights;
    }

    /** Maps a tensor of a file; its pages are read when they are quantized. */
    public static Weights of(TensorFiles files, String name) throws IOException {
        ByteBuffer bytes = files.bytes(name);
        TensorInfo tensor =
                files.index().find(name).orElseThrow(() -> invalid("the tensor %s is missing from the weights", name));
        return of(name, tensor.dtype(), new Shape(tensor.shape()), bytes);
    }

    /** The matrix (O, I) of one that is stored (I, O), as GPT-2's are; transformers quantizes it so. */
    public Weights transposed() {
        check(shape.dimension() == 2, "the tensor %s is no matrix", name);
        return new Weights(name, type, new Shape(shape.get(1), shape.get(0)), bytes, !isTransposed);
    }

    public String name() {
        return name;
    }

    /** As in safetensors; of F64 it is F32, which its values are rounded to. */
    public String dtype() {
        return type == Type.F64 ? Type.F32.name() : type.name();
    }

    public Shape shape() {
        return shape;
    }

    /** Elements in all. */
    public long count() {
        return shape.size();
    }

    /** Reads elements {@code [from, from + count)} to the start of {@code target}. */
    void read(long from, int count, float[] target) {
        if (isTransposed) {
            long columns = shape.get(1);
            for (int i = 0; i < count; i++) {
                target[i] = at((from + i) % columns * shape.get(0) + (from + i) / columns);
            }
            return;
        }
        int at = bytes.position() + Math.toIntExact(type.bytes * from);
        ByteBuffer piece = bytes.slice(at, type.bytes * count).order(ByteOrder.LITTLE_ENDIAN);
        if (type == Type.F32) {
            piece.asFloatBuffer().get(target, 0, count);
            return;
        }
        if (type == Type.F64) {
            DoubleBuffer wide = piece.asDoubleBuffer();
            for (int i = 0; i < count; i++) {
                target[i] = (float) wide.get(i);
            }
            return;
        }
        ShortBuffer bits = piece.asShortBuffer();
        for (int i = 0; i < count; i++) {
            target[i] = widened(bits.get(i));
        }
    }

    private float at(long index) {
        int at = bytes.position() + Math.toIntExact(type.bytes * index);
        return switch (type) {
            case F64 -> (float) bytes.getDouble(at);
            case F32 -> bytes.getFloat(at);
            case F16, BF16 -> widened(bytes.getShort(at));
        };
    }

    private float widened(short bits) {
        return type == Type.BF16 ? Float.intBitsToFloat(bits << 16) : halfToFloat(bits);
    }

    private static float halfToFloat(short bits) {
        int magnitude = bits & 0x7fff;
        float value;
        if (magnitude >= 0x7c00) {
            value = Float.intBitsToFloat(0x7f800000 | magnitude << 13);
        } else if (magnitude >= 0x0400) {
            value = Float.intBitsToFloat((magnitude << 13) + (112 << 23)); // exponents are counted from 15, not 127
        } else {
            value = magnitude * 0x1p-24f;
        }
        return bits < 0 ? -value : value;
    }

    /** The value of this tensor's type that is nearest to one in [-1, 1]. */
    float round(float value) {
        return switch (type) {
            case F64, F32 -> value;
            case F16 -> Math.abs(value) < 0x1p-14f ? (value + 0.75f) - 0.75f : withoutBits(value, 13);
            case BF16 -> withoutBits(value, 16);
        };
    }

    /** Rounds the lowest bits away, to even. */
    private static float withoutBits(float value, int count) {
        int bits = Float.floatToRawIntBits(value);
        int odd = (bits >>> count) & 1;
        return Float.intBitsToFloat((bits + (1 << (count - 1)) - 1 + odd) & -(1 << count));
    }
}
