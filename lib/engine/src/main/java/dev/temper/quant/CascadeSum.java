package dev.temper.quant;

import java.util.Arrays;

/**
 * The float32 sum of libtorch on one thread of a processor: 32 running sums, each in four levels so that small numbers
 * meet small ones. Repeated here because the mean of all absmax is stored, and codes follow from its last bit.
 *
 * @see <a href="https://github.com/pytorch/pytorch/blob/v2.7.1/aten/src/ATen/native/cpu/SumKernel.cpp">cascade_sum</a>
 */
final class CascadeSum {
    private static final int LANES = 8;
    private static final int ROWS = 4;
    private static final int LEVELS = 4;

    private CascadeSum() {}

    static float mean(float[] values) {
        return sum(values) / values.length;
    }

    private static float sum(float[] values) {
        int vectors = values.length / LANES;
        int tall = vectors / ROWS;
        float[] sums = rows(values, tall);
        for (int i = tall * ROWS * LANES; i < vectors * LANES; i++) {
            sums[i % LANES] += values[i];
        }
        for (int i = LANES; i < sums.length; i++) {
            sums[i % LANES] += sums[i];
        }
        float total = 0;
        for (int i = vectors * LANES; i < values.length; i++) {
            total += values[i];
        }
        for (int lane = 0; lane < LANES; lane++) {
            total += sums[lane];
        }
        return total;
    }

    /** Sums of the first {@code tall} rows of 32 values, column by column. */
    private static float[] rows(float[] values, int tall) {
        int width = ROWS * LANES;
        float[][] sums = new float[LEVELS][width];
        int ceilLog2 = tall < 2 ? 0 : 32 - Integer.numberOfLeadingZeros(tall - 1);
        int power = Math.max(4, ceilLog2 / LEVELS);
        int step = 1 << power;
        int row = 0;
        while (row + step <= tall) {
            for (int end = row + step; row < end; row++) {
                add(sums[0], values, row * width);
            }
            for (int level = 1; level < LEVELS; level++) {
                add(sums[level], sums[level - 1], 0);
                Arrays.fill(sums[level - 1], 0);
                if ((row & ((step - 1) << (level * power))) != 0) {
                    break;
                }
            }
        }
        for (; row < tall; row++) {
            add(sums[0], values, row * width);
        }
        for (int level = 1; level < LEVELS; level++) {
            add(sums[0], sums[level], 0);
        }
        return sums[0];
    }

    private static void add(float[] sums, float[] values, int from) {
        for (int i = 0; i < sums.length; i++) {
            sums[i] += values[from + i];
        }
    }
}
