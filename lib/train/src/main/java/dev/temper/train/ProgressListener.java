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

    /**
     * An update is finished.
     *
     * @param tokens trained on so far, over all workers
     */
    default void stepped(int step, double loss, double learningRate, long tokens) {}

    /** A value was measured. */
    default void measured(Metric metric) {}

    /** Something that the user should know happened; a sentence. */
    default void warned(String sentence) {}

    /** Hears nothing. */
    static ProgressListener silent() {
        return new ProgressListener() {};
    }
}
