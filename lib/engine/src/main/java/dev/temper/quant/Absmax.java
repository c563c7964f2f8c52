package dev.temper.quant;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.temper.kernel.Workspace;
import java.util.Map;
import java.util.Optional;

/** The largest magnitude of each block of weights: as float32, or in 8 bits around their mean. */
public final class Absmax {
    private final float[] plain; // empty when there are codes
    private final Optional<Blockwise8> codes;
    private final float offset;

    private Absmax(float[] plain, Optional<Blockwise8> codes, float offset) {
        this.plain = plain;
        this.codes = codes;
        this.offset = offset;
    }

    static Absmax of(float[] values) {
        return new Absmax(values, Optional.empty(), 0);
    }

    static Absmax of(Blockwise8 codes, float offset) {
        return new Absmax(new float[0], Optional.of(codes), offset);
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

    /** One for each block, as near as it is kept. */
    public float[] values() {
        if (codes.isEmpty()) {
            return plain.clone();
        }
        float[] restored = codes.get().dequantize();
        for (int i = 0; i < restored.length; i++) {
            restored[i] += offset;
        }
        return restored;
    }

    /** The levels are the same for all tensors and do not count. */
    public long bytes() {
        return codes.map(kept -> kept.bytes() + Float.BYTES).orElse((long) Float.BYTES * plain.length);
    }

    void addTo(Map<String, NDArray> arrays, Workspace workspace, String name) {
        if (codes.isEmpty()) {
            arrays.put(name + ".absmax", floats(workspace, plain));
            return;
        }
        byte[] bytes = codes.get().codes();
        NDArray array = workspace.bytes(bytes.length);
        Workspace.memory(array).put(bytes);
        arrays.put(name + ".absmax_codes", array);
        arrays.put(name + ".nested_absmax", floats(workspace, codes.get().absmax()));
        arrays.put(name + ".nested_levels", floats(workspace, codes.get().levels()));
        arrays.put(name + ".offset", workspace.scalar(offset));
    }

    private static NDArray floats(Workspace workspace, float[] values) {
        NDArray array = workspace.empty(new Shape(values.length));
        Workspace.memory(array).asFloatBuffer().put(values);
        return array;
    }
}
