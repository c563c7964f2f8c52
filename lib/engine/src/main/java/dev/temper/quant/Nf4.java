package dev.temper.quant;

import static dev.temper.check.Check.check;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.QuantKernels;
import dev.temper.kernel.Workspace;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.LongStream;

/**
 * The 4-bit type of QLoRA: sixteen levels with as many weights of a normal distribution at each, times the largest
 * magnitude of a block of 64. Codes and scales are those of bitsandbytes' generic kernel, which a GPU computes, too.
 *
 * @see <a href="https://arxiv.org/abs/2305.14314">QLoRA: Efficient Finetuning of Quantized LLMs</a>
 */
public final class Nf4 {
    public static final int BLOCK = 64;

    /** The key of {@link #pairs} in a layer's dictionary. */
    public static final String PAIRS = "nf4.pairs";

    private static final float[] LEVELS = {
        -1f,
        -0.6961928f,
        -0.52507305f,
        -0.3949175f,
        -0.28444138f,
        -0.18477343f,
        -0.091050036f,
        0f,
        0.0795803f,
        0.1609302f,
        0.2461123f,
        0.33791524f,
        0.44070983f,
        0.562617f,
        0.72295684f,
        1f
    };

    /** Weights of one piece of work, a multiple of the block: what a core keeps in its cache. */
    private static final int PIECE = BLOCK * 1024;

    private static final int RATED_SIDE = 2048;

    private static final float[] THRESHOLDS = NearestLevel.thresholds(LEVELS);
    private static final ThreadLocal<float[]> VALUES = ThreadLocal.withInitial(() -> new float[PIECE + 1]);
    private static final ThreadLocal<byte[]> PACKED = ThreadLocal.withInitial(() -> new byte[PIECE / 2 + 1]);
    private static final float[] BELOW = new float[34];
    private static final int[] FIRST = new int[34];

    /*
     * [-1, 1] in cells of a sixteenth, narrower than the levels are apart: a cell holds one threshold at most. FIRST
     * says which level its values have below that, BELOW the largest value of those.
     */
    static {
        for (int cell = 0; cell < FIRST.length; cell++) {
            BELOW[cell] = Float.POSITIVE_INFINITY;
            for (float threshold : THRESHOLDS) {
                if (cell(threshold) < cell) {
                    FIRST[cell]++;
                } else if (cell(threshold) == cell) {
                    BELOW[cell] = Math.nextDown(threshold);
                }
            }
        }
    }

    private Nf4() {}

    /** The sixteen levels, sorted. */
    public static float[] levels() {
        return LEVELS.clone();
    }

    /** The two levels of each byte (256, 2), which a layer's dictionary needs as {@link #PAIRS} beside its matrices. */
    public static NDArray pairs(Workspace workspace) {
        float[] pairs = new float[512];
        for (int code = 0; code < 256; code++) {
            pairs[2 * code] = LEVELS[code >>> 4];
            pairs[2 * code + 1] = LEVELS[code & 15];
        }
        return workspace.floats(pairs, new Shape(256, 2));
    }

    /** Weights per second that all threads of a workspace bring from codes to a dense matrix, in the best of three. */
    public static double rate(Workspace workspace, FloatType type) {
        Shape shape = new Shape(RATED_SIDE, RATED_SIDE);
        Weights weights = Weights.of("zeros", "F32", shape, ByteBuffer.allocate((int) (Float.BYTES * shape.size())));
        return Workspace.scoped(() -> {
            Map<String, NDArray> parts =
                    new HashMap<>(quantizeDoubly(workspace, weights).arrays(workspace, "weight"));
            parts.put(PAIRS, pairs(workspace));
            parts.put("weight.dense", workspace.empty(shape, type)); // as layers with gradient checkpointing have it
            try (QuantKernels kernels = QuantKernels.open(workspace)) {
                long best = Long.MAX_VALUE;
                for (int round = 0; round < 3; round++) {
                    long start = System.nanoTime();
                    kernels.dequantize(parts, type);
                    best = Math.min(best, System.nanoTime() - start);
                }
                return shape.size() / (best / 1e9);
            }
        });
    }

    /**
     * Quantizes with a float32 absmax for each block: 4.5 bits a weight.
     *
     * @throws dev.temper.check.InvalidInputException naming the tensor, when it holds NaN or infinity
     */
    public static Nf4Tensor quantize(Workspace workspace, Weights weights) {
        NDArray codes = codes(workspace, weights);
        ByteBuffer bytes = Workspace.memory(codes);
        return new Nf4Tensor(form(weights), codes, workspace.withinThreads(() -> absmax(weights, bytes)));
    }

    /**
     * Quantizes the absmax, too, in blocks of 256 to 8 bits around their mean: 4.127 bits a weight.
     *
     * @throws dev.temper.check.InvalidInputException naming the tensor, when it holds NaN or infinity
     */
    public static Nf4Tensor quantizeDoubly(Workspace workspace, Weights weights) {
        NDArray codes = codes(workspace, weights);
        ByteBuffer bytes = Workspace.memory(codes);
        return new Nf4Tensor(form(weights), codes, workspace.withinThreads(() -> nestedAbsmax(weights, bytes)));
    }

    /** Bytes of so many weights with float32 scales, {@link Nf4Tensor#bytes} before there is a tensor. */
    public static long bytes(long count) {
        return (count + 1) / 2 + Float.BYTES * blocks(count, BLOCK);
    }

    /** The same of {@link #quantizeDoubly}. */
    public static long bytesDoubly(long count) {
        long blocks = blocks(count, BLOCK);
        return (count + 1) / 2 + blocks + Float.BYTES * blocks(blocks, Blockwise8.BLOCK) + Float.BYTES;
    }

    private static long blocks(long count, int size) {
        return (count + size - 1) / size;
    }

    static Nf4Tensor.Form form(Weights weights) {
        return new Nf4Tensor.Form(weights.dtype(), weights.shape(), BLOCK);
    }

    private static NDArray codes(Workspace workspace, Weights weights) {
        check(weights.count() > 0, "the tensor %s is empty and cannot be quantized", weights.name());
        return workspace.bytes((weights.count() + 1) / 2);
    }

    /**
     * Fills the codes and returns their scales.
     *
     * @throws dev.temper.check.InvalidInputException naming the tensor, when it holds NaN or infinity
     */
    static Absmax absmax(Weights weights, ByteBuffer codes) {
        return Absmax.of(scales(weights, codes));
    }

    /** As {@link #absmax}, the scales in 8 bits. */
    static Absmax nestedAbsmax(Weights weights, ByteBuffer codes) {
        return Absmax.quantize(scales(weights, codes));
    }

    private static float[] scales(Weights weights, ByteBuffer codes) {
        float[] absmax = new float[Math.toIntExact(blocks(weights.count(), BLOCK))];
        long pieces = (weights.count() + PIECE - 1) / PIECE;
        long bad = LongStream.range(0, pieces)
                .parallel()
                .map(piece -> quantizePiece(weights, piece * PIECE, codes, absmax))
                .filter(block -> block >= 0)
                .min()
                .orElse(-1);
        check(
                bad < 0,
                "the tensor %s holds NaN or infinity among its elements %d to %d and cannot be quantized",
                weights.name(),
                bad * BLOCK,
                Math.min(weights.count(), (bad + 1) * BLOCK) - 1);
        return absmax;
    }

    /** Returns the first block that holds what is no finite number, or -1. */
    private static long quantizePiece(Weights weights, long start, ByteBuffer codes, float[] absmax) {
        int count = (int) Math.min(PIECE, weights.count() - start);
        float[] values = VALUES.get();
        weights.read(start, count, values);
        if (count % 2 == 1) {
            values[count] = 0; // beside the last code
        }
        byte[] packed = PACKED.get();
        for (int from = 0; from < count; from += BLOCK) {
            int to = Math.min(count, from + BLOCK);
            float max = largest(values, from, to);
            int block = Math.toIntExact((start + from) / BLOCK);
            if (!Float.isFinite(max)) {
                return block;
            }
            absmax[block] = max;
            scale(values, from, to, 1 / max);
            if (to - from < BLOCK) {
                for (int i = from; i < to; i++) {
                    values[i] = weights.round(values[i]); // as torch does, which scales the last ones by a scalar
                }
            }
            for (int i = from; i < to; i += 2) {
                packed[i / 2] = (byte) (code(values[i]) << 4 | code(values[i + 1]));
            }
        }
        codes.put(Math.toIntExact(start / 2), packed, 0, (count + 1) / 2);
        return -1;
    }

    /** By their bits, which sort as the magnitudes do, NaN last: faster than comparing floats. */
    private static float largest(float[] values, int from, int to) {
        int max = 0;
        for (int i = from; i < to; i++) {
            max = Math.max(max, Float.floatToRawIntBits(values[i]) & Integer.MAX_VALUE);
        }
        return Float.intBitsToFloat(max);
    }

    private static void scale(float[] values, int from, int to, float scale) {
        if (scale < Float.POSITIVE_INFINITY) {
            for (int i = from; i < to; i++) {
                values[i] *= scale;
            }
        } else {
            for (int i = from; i < to; i++) {
                float scaled = values[i] * scale; // NaN for a zero, whose code is then 0, as argmin has it
                values[i] = scaled > 0 ? 1 : -1;
            }
        }
    }

    private static int cell(float value) {
        return (int) (value * 16 + 16);
    }

    /** Without a branch: the sign of the difference says whether the value is above the threshold of its cell. */
    private static int code(float value) {
        int cell = cell(value);
        return FIRST[cell] + (Float.floatToRawIntBits(BELOW[cell] - value) >>> 31);
    }
}
