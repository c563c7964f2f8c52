package dev.temper.train;

import dev.temper.check.FailedRunException;
import java.util.Locale;

/**
 * Handles updates that change no weight because their loss or gradient is not finite: they are reported and counted,
 * and too many of them fail the run.
 */
record SkippedUpdates(TrainingState state, ProgressListener listener) {
    private static final int MAX_IN_A_ROW = 10;

    /**
     * Records that the update after the last finished one was skipped.
     *
     * @throws FailedRunException when too many were skipped in a row
     */
    void add(double loss, double norm) {
        int update = state.step + 1;
        state.skipped++;
        state.skippedInARow++;
        listener.warned(String.format(
                Locale.ROOT,
                "update %,d is skipped, no weight changes: its loss is %.4f, the norm of its gradient %s",
                update,
                loss,
                norm));
        if (state.skippedInARow < MAX_IN_A_ROW) {
            return;
        }
        if (state.skipped == update) {
            throw unchanged(update);
        }
        throw new FailedRunException(String.format(
                Locale.ROOT,
                "the gradient was not finite (norm %s) in %d updates in a row, up to update %d: training has "
                        + "diverged; try a lower training.learning_rate or a longer warm-up",
                norm,
                MAX_IN_A_ROW,
                update));
    }

    /** @throws FailedRunException when all updates were skipped */
    void checkChanged() {
        if (state.skipped == state.step) {
            throw unchanged(state.step);
        }
    }

    private static FailedRunException unchanged(int steps) {
        return new FailedRunException(String.format(
                Locale.ROOT,
                "nothing was trained: the gradient was not finite in any of the first %d updates, and the weights are"
                        + " those of the start; look for values that are not finite in the base or adapter, or set"
                        + " model.precision: fp32",
                steps));
    }
}
