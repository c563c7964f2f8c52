package dev.temper.train.objective;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.track.TextTable;
import dev.temper.train.config.TrainingConfig;
import java.util.Optional;

/** What the driver counts of the labels of prepared rows, before anything is trained. */
public interface LabelSurvey {
    /**
     * A row to train on.
     *
     * @param label as {@link dev.temper.text.LabelFormat} carries it
     * @param cut tokens that its end has lost
     */
    void addTrained(int[] label, int cut);

    /** A row to evaluate on. */
    void addEvaluated(int[] label, int cut);

    /** @throws dev.temper.check.InvalidInputException when a run with these settings cannot learn from the rows */
    void verify(TrainingConfig training);

    /** What a run says of the rows, and goes on. */
    Optional<String> note();

    /** The counts, for people. */
    TextTable table();

    /** The counts, for programs, under a name of their own. */
    void into(ObjectNode json);
}
