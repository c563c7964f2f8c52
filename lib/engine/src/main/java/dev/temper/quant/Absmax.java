package dev.temper.quant;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.temper.kernel.Workspace;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.Optional;

/** The largest magnitude of each block of weights: as float32, or in 8 bits around their mean. */
public final class Absmax {
    private final ByteBuffer plain; // float32, in memory or in a mapped file; empty when there are codes
    private final Optional<Blockwise8> codes;
    private final float offset;

    private Absmax(ByteBuffer plain, Optional<Blockwise8> codes, float offset) {
        this.plain = plain;
        this.codes = codes;
        this.offset = offset;
    }

    static Absmax of(float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(Float.BYTES, values.length))
                .order(ByteOrder.nativeOrder());
        bytes.asFloatBuffer().put(values);
        return of(bytes);
    }

    /** @param values float32 in native order */
    static Absmax of(ByteBuffer values) {
        return new Absmax(values, Optional.empty(), 0);
    }

    static Absmax of(Blockwise8 codes, float offset) {
        return new Absmax(ByteBuffer.allocate(0), Optional.of(codes), offset);
    }

    /** The difference to the mean in 8 bits. */
    static Absmax quantize(float[] values) {
        float offset = CascadeSum.mean(values);
        float[] centred = new float[values.length];
        for (int i = 0; i < centred.length; i++) {
            centred[i] = values[i] - offset;
        }
        return of(Blockwise8.quantize(centred, DynamicMap.SIGNED), offset);
    }

    /** The 8 bits, if they were quantized. */
    public Optional<Blockwise8> codes() {
        return codes;
    }

    /** The mean that was taken away before they were quantized; 0 if they were not. */
    public float offset() {
        return offset;
    }

    /** One for each block, as exact as it is stored. */
    public float[] values() {
        if (codes.isEmpty()) {
            float[] values = new float[plain.remaining() / Float.BYTES];
            plain.asFloatBuffer().get(values);
            return values;
        }
        float[] restored = codes.get().dequantize();
        for (int i = 0; i < restored.length; i++) {
            restored[i] += offset;
        }
        return restored;
    }

    /** The levels are the same for all tensors and do not count. */
    public long bytes() {
        return codes.map(kept -> kept.bytes() + Float.BYTES).orElse((long) plain.remaining());
    }

    /** The scales, or their codes, where they lie. */
    ByteBuffer memory() {
        return codes.map(Blockwise8::memory).orElseGet(() -> plain.duplicate().order(plain.order()));
    }

    void addTo(Map<String, NDArray> arrays, Workspace workspace, String name) {
        if (codes.isEmpty()) {
            arrays.put(name + ".absmax", array(workspace, plain, DataType.FLOAT32));
            return;
        }
        arrays.put(name + ".absmax_codes", array(workspace, codes.get().memory(), DataType.UINT8));
        arrays.put(name + ".nested_absmax", floats(workspace, codes.get().absmax()));
        arrays.put(name + ".nested_levels", floats(workspace, codes.get().levels()));
        arrays.put(name + ".offset", workspace.scalar(offset));
    }

    /** On the pages of a mapped file, which all workers share; otherwise a copy. */
    private static NDArray array(Workspace workspace, ByteBuffer bytes, DataType type) {
        int width = type == DataType.FLOAT32 ? Float.BYTES : 1;
        Shape shape = new Shape(bytes.remaining() / width);
        if (bytes.isDirect() && bytes.alignmentOffset(0, width) == 0) {
            return workspace.on(bytes, type, shape);
        }
        NDArray array = type == DataType.FLOAT32 ? workspace.empty(shape) : workspace.bytes(shape.size());
        Workspace.memory(array).put(bytes.duplicate());
        return array;
    }

    private static NDArray floats(Workspace workspace, float[] values) {
        NDArray array = workspace.empty(new Shape(values.length));
        Workspace.memory(array).asFloatBuffer().put(values);
        return array;
    }
}
