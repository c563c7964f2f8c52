package dev.temper.kernel;

import java.util.Arrays;
import java.util.Optional;

/** Floating-point types of weights and activations. DJL knows no bfloat16: only programs make and read such arrays. */
public enum FloatType {
    /** Of files only: what is read of it is computed in another type. */
    FLOAT64(7, "F64", Double.BYTES),
    FLOAT32(6, "F32", Float.BYTES),
    FLOAT16(5, "F16", Short.BYTES),
    BFLOAT16(15, "BF16", Short.BYTES);

    private final int number;
    private final String dtype;
    private final int bytes;

    FloatType(int number, String dtype, int bytes) {
        this.number = number;
        this.dtype = dtype;
        this.bytes = bytes;
    }

    /** The type of that name in a safetensors file; empty for one that is no floating-point type we compute with. */
    public static Optional<FloatType> of(String dtype) {
        return Arrays.stream(values()).filter(type -> type.dtype.equals(dtype)).findFirst();
    }

    /** libtorch's number. */
    public int number() {
        return number;
    }

    /** As in safetensors. */
    public String dtype() {
        return dtype;
    }

    /** Of one element. */
    public int bytes() {
        return bytes;
    }
}
