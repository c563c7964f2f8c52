package dev.temper.safetensors;

import java.util.Arrays;

/**
 * One tensor of a file.
 *
 * @param dtype {@code F32}, {@code F16}, {@code BF16}, … as written in the header
 * @param shape its dimensions, row-major
 * @param file which file it lies in
 * @param offset of its first byte in that file
 * @param bytes how many there are
 */
public record TensorInfo(String name, String dtype, long[] shape, String file, long offset, long bytes) {
    public long elements() {
        return Arrays.stream(shape).reduce(1, Math::multiplyExact);
    }

    TensorInfo named(String other) {
        return new TensorInfo(other, dtype, shape, file, offset, bytes);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TensorInfo that && name.equals(that.name) && file.equals(that.file);
    }

    @Override
    public int hashCode() {
        return name.hashCode();
    }

    @Override
    public String toString() {
        return name + " " + dtype + " " + Arrays.toString(shape);
    }
}
