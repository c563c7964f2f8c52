package dev.temper.train;

import dev.temper.track.Metric;

/**
 * Hears of a run while it trains; called on the training thread of the first worker. What a listener does not override,
 * it does not hear.
 */
public interface ProgressListener {
    /** Training begins; so many updates are planned. */
    default void started(int steps) {}

    /**
     * Training goes on after this update, whose checkpoint was read.
     *
     * @param tokens trained on up to there, over all workers
     */
    default void resumed(int step, long tokens) {}

    /** An update is finished. */
    default void stepped(Update update) {}

    /**
     * A finished update.
     *
     * @param step how many there are with it
     * @param loss of this update alone
     * @param meanLoss of the updates since {@code train/loss} was measured last; at the next measurement the same value
     * @param tokens trained on so far, over all workers
     * @param seconds of the updates alone, so far
     * @param secondsLeft to the end of training, with all that is evaluated, saved and answered; NaN before it is known
     */
    record Update(
            int step,
            double loss,
            double meanLoss,
            double learningRate,
            long tokens,
            double seconds,
            double secondsLeft) {}

    /** A value was measured. */
    default void measured(Metric metric) {}

    /** Something that the user should know happened; a sentence. */
    default void warned(String sentence) {}

    /** Hears nothing. */
    static ProgressListener silent() {
        return new ProgressListener() {};
    }
}
