package dev.temper.quant;

/**
 * Where the nearest of some sorted levels changes: bitsandbytes takes the level with the smallest float32 distance, and
 * the lower one of two. Distances that float32 rounds grow and shrink with the value all the same, so between two
 * neighbours there is one smallest value that belongs to the upper one.
 */
final class NearestLevel {
    private NearestLevel() {}

    /** For each level but the last, the smallest value that is nearer to the next one. */
    static float[] thresholds(float[] levels) {
        float[] thresholds = new float[levels.length - 1];
        for (int i = 0; i < thresholds.length; i++) {
            float below = levels[i];
            float above = levels[i + 1];
            while (Math.nextUp(below) < above) {
                float middle = (float) (0.5 * ((double) below + above));
                if (middle == below || middle == above) {
                    middle = Math.nextUp(below);
                }
                if (isNearer(middle, levels[i + 1], levels[i])) {
                    above = middle;
                } else {
                    below = middle;
                }
            }
            thresholds[i] = above;
        }
        return thresholds;
    }

    private static boolean isNearer(float value, float level, float than) {
        return Math.abs(value - level) < Math.abs(value - than);
    }

    /** The number of the level nearest to the value; 0 for what is no number, as argmin has it. */
    static int of(float value, float[] thresholds) {
        int from = 0;
        int to = thresholds.length;
        while (from < to) {
            int middle = (from + to) >>> 1;
            if (value >= thresholds[middle]) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        return from;
    }
}
