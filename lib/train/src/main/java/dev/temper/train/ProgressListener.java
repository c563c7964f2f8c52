package dev.temper.train;

import dev.temper.track.Metric;

/**
 * Receives the events of a run while it trains, on the training thread of the first worker. All methods do nothing
 * unless overridden.
 */
public interface ProgressListener {
    /**
     * Training begins.
     *
     * @param steps number of planned updates
     */
    default void started(int steps) {}

    /**
     * Training is resumed from the checkpoint of an update.
     *
     * @param step number of finished updates
     * @param tokens trained on so far, over all workers
     */
    default void resumed(int step, long tokens) {}

    /** An update is finished. */
    default void stepped(Update update) {}

    /**
     * A finished update.
     *
     * @param step number of finished updates, this one included
     * @param loss of this update alone
     * @param meanLoss mean over the updates since {@code train/loss} was last logged; the next logged value is this
     *     mean
     * @param tokens trained on so far, over all workers
     * @param seconds total duration of the updates so far, without evaluation and checkpoints
     * @param secondsLeft estimated time to the end of training, evaluation, checkpoints and generation included; NaN
     *     while unknown
     */
    record Update(
            int step,
            double loss,
            double meanLoss,
            double learningRate,
            long tokens,
            double seconds,
            double secondsLeft) {}

    /** A metric was measured. */
    default void measured(Metric metric) {}

    /**
     * Something happened that the user should know.
     *
     * @param sentence one sentence
     */
    default void warned(String sentence) {}

    /** A listener that ignores all events. */
    static ProgressListener silent() {
        return new ProgressListener() {};
    }
}
