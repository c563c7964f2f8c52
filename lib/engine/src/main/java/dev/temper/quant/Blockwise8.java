package dev.temper.quant;

import java.nio.ByteBuffer;

/** Values in 8 bits: in blocks of 256, each a level of a map times the largest magnitude of its block. */
public final class Blockwise8 {
    public static final int BLOCK = 256;

    private final ByteBuffer codes;
    private final float[] absmax;
    private final float[] levels;

    /**
     * @param codes numbers of levels, unsigned; in memory or in a mapped file
     * @param absmax of each block
     * @param levels 256; bitsandbytes writes other ones on a processor than on a GPU, so a file brings its own
     */
    Blockwise8(ByteBuffer codes, float[] absmax, float[] levels) {
        this.codes = codes;
        this.absmax = absmax;
        this.levels = levels;
    }

    /** The nearest levels; the numbers are those of bitsandbytes' generic kernel, which a GPU computes, too. */
    public static Blockwise8 quantize(float[] values, DynamicMap map) {
        byte[] codes = new byte[values.length];
        float[] absmax = new float[(values.length + BLOCK - 1) / BLOCK];
        for (int block = 0; block < absmax.length; block++) {
            int from = block * BLOCK;
            int to = Math.min(values.length, from + BLOCK);
            float max = 0;
            for (int i = from; i < to; i++) {
                max = Math.max(max, Math.abs(values[i]));
            }
            float scale = 1 / max; // infinite for zeros: their code is that of a NaN
            for (int i = from; i < to; i++) {
                codes[i] = (byte) map.code(Math.max(-1, Math.min(1, values[i] * scale)));
            }
            absmax[block] = max;
        }
        return new Blockwise8(ByteBuffer.wrap(codes), absmax, map.levels());
    }

    public float[] dequantize() {
        float[] values = new float[codes.remaining()];
        for (int i = 0; i < values.length; i++) {
            values[i] = levels[Byte.toUnsignedInt(codes.get(i))] * absmax[i / BLOCK];
        }
        return values;
    }

    public byte[] codes() {
        byte[] copy = new byte[codes.remaining()];
        codes.get(0, copy);
        return copy;
    }

    /** The codes where they lie. */
    ByteBuffer memory() {
        return codes.duplicate();
    }

    public float[] absmax() {
        return absmax.clone();
    }

    public float[] levels() {
        return levels.clone();
    }

    /** Of codes and absmax; the levels are the same for all tensors. */
    public long bytes() {
        return codes.remaining() + (long) Float.BYTES * absmax.length;
    }
}
