package dev.temper.model;

/**
 * A hash of numbers, which seeds, dropout masks and drawn tokens follow from: SplitMix64's finalizer (Steele, Lea,
 * Flood 2014, "Fast splittable pseudorandom number generators").
 */
public final class SplitMix {
    private SplitMix() {}

    /** Neighbouring inputs give unrelated outputs. */
    public static long mix(long value) {
        long z = value + 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
