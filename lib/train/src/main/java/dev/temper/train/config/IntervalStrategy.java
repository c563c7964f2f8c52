package dev.temper.train.config;

import java.util.Locale;
import java.util.OptionalInt;

/** When the evaluation rows are measured, besides before training and at its end, and when a checkpoint is written. */
public enum IntervalStrategy {
    NO,
    STEPS,
    EPOCH;

    String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** @param every updates with {@link #STEPS} */
    public boolean isDue(int step, OptionalInt every, int stepsPerEpoch) {
        return timesDue(step, step, every, stepsPerEpoch) > 0;
    }

    /** How often in these updates, the first and the last of them included. */
    public int timesDue(int first, int last, OptionalInt every, int stepsPerEpoch) {
        return switch (this) {
            case NO -> 0;
            case STEPS -> last / every.orElseThrow() - (first - 1) / every.orElseThrow();
            case EPOCH -> last / stepsPerEpoch - (first - 1) / stepsPerEpoch;
        };
    }
}
