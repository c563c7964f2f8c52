package dev.temper.train.config;

import java.util.Locale;
import java.util.OptionalInt;

/** When evaluations are made (besides those before and after training), and when checkpoints are written. */
public enum IntervalStrategy {
    NO,
    STEPS,
    EPOCH;

    String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Whether one is due after this update.
     *
     * @param every number of updates between two with {@link #STEPS}
     */
    public boolean isDue(int step, OptionalInt every, int stepsPerEpoch) {
        return timesDue(step, step, every, stepsPerEpoch) > 0;
    }

    /** How many are due in the updates from {@code first} to {@code last}, both included. */
    public int timesDue(int first, int last, OptionalInt every, int stepsPerEpoch) {
        return switch (this) {
            case NO -> 0;
            case STEPS -> last / every.orElseThrow() - (first - 1) / every.orElseThrow();
            case EPOCH -> last / stepsPerEpoch - (first - 1) / stepsPerEpoch;
        };
    }
}
