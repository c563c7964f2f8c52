package dev.temper.quant;

import java.util.Arrays;

/**
 * The 256 values of bitsandbytes' dynamic 8-bit type: seven decades, each with twice as many steps as the one below.
 *
 * @see <a href="https://arxiv.org/abs/1511.04561">8-Bit Approximations for Parallelism in Deep Learning</a>
 */
@SuppressWarnings("ImmutableEnumChecker") // nothing writes to the arrays, and only copies get out
public enum DynamicMap {
    SIGNED(1),
    UNSIGNED(2);

    private static final int DECADES = 7;
    private static final int CELLS = 1 << 16;

    private final float[] levels;
    private final float[] thresholds;

    DynamicMap(int stepsOfLowestDecade) {
        this.levels = levels(stepsOfLowestDecade);
        this.thresholds = NearestLevel.thresholds(levels);
    }

    private static float[] levels(int stepsOfLowestDecade) {
        boolean signed = stepsOfLowestDecade == 1;
        float[] levels = new float[256];
        int count = 0;
        for (int decade = 0; decade < DECADES; decade++) {
            int steps = stepsOfLowestDecade << decade;
            float scale = (float) Math.pow(10, decade - (DECADES - 1));
            for (int i = 0; i < steps; i++) {
                float mean = (boundary(i, steps) + boundary(i + 1, steps)) / 2;
                levels[count++] = scale * mean;
                if (signed) {
                    levels[count++] = -scale * mean;
                }
            }
        }
        levels[count++] = 0;
        levels[count] = 1;
        Arrays.sort(levels);
        return levels;
    }

    /** torch's {@code linspace(0.1, 1, steps + 1)} in float32: from either end, with one rounding. */
    private static float boundary(int i, int steps) {
        float step = (1f - 0.1f) / steps;
        return i < (steps + 1) / 2 ? Math.fma(step, i, 0.1f) : Math.fma(-step, steps - i, 1f);
    }

    /** Sorted, from -0.99 or 0 to 1. */
    public float[] levels() {
        return levels.clone();
    }

    /** For each level but the last, the smallest value in [-1, 1] that is nearer to the next one. */
    public float[] thresholds() {
        return thresholds.clone();
    }

    /**
     * For each value of the upper 16 bits of a float32, a cell so narrow that it holds one threshold at most: what,
     * with the number's lower 16 bits added, has its code in the upper 16 bits. Of negative numbers the lower bits are
     * inverted, so that they rise with the number. One look-up finds a code without a search.
     */
    public int[] cells() {
        int[] cells = new int[CELLS];
        for (int cell = 0; cell < CELLS; cell++) {
            int code = code(smallest(cell));
            boolean isCut = code < thresholds.length && code(largest(cell)) > code;
            cells[cell] = (code << 16) + (isCut ? CELLS - lower(thresholds[code]) : 0);
        }
        return cells;
    }

    private static int lower(float value) {
        int bits = Float.floatToRawIntBits(value);
        return (bits ^ bits >> 31) & 0xffff;
    }

    private static float smallest(int cell) {
        return Float.intBitsToFloat(cell < CELLS / 2 ? cell << 16 : cell << 16 | 0xffff);
    }

    private static float largest(int cell) {
        return Float.intBitsToFloat(cell < CELLS / 2 ? cell << 16 | 0xffff : cell << 16);
    }

    int code(float value) {
        return NearestLevel.of(value, thresholds);
    }
}
