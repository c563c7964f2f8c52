package dev.temper.train.objective;

import dev.temper.train.worker.Replica;
import dev.temper.train.worker.Share;
import dev.temper.train.worker.StoppedException;
import java.io.IOException;
import java.util.List;

/** What a run learns and is measured by, as the training loop sees it; an {@link Objective} makes it. */
public interface TrainingRows {
    /** Where the dropout masks of a row come from. */
    @FunctionalInterface
    interface Keys {
        /** @param index of the row in its sequence */
        long of(int sequence, int index);
    }

    /** Tokens of each sequence to train on, in the order of the data. */
    int[] lengths();

    /** How many rows there are to evaluate on. */
    int evaluated();

    /** Names of what {@link #evaluate} measures, without {@code eval/}. */
    List<String> scoreNames();

    /** The passes of an update on some sequences. */
    Share.Update update(int[] sequences, Keys keys, Replica worker);

    /**
     * Measures the model on the rows to evaluate on; called by all workers, with at least one such row.
     *
     * @throws StoppedException when the workers were asked to stop meanwhile
     */
    Evaluation evaluate(Replica worker) throws IOException;
}
