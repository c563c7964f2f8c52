package dev.temper.run.draft;

import dev.temper.model.ModelTask;
import java.util.Optional;

/** What of a drafted recipe follows from its task. */
interface TaskDraft {
    /** Learning rate of small models, whatever they learn. */
    double SMALL_RATE = 1e-3;

    /** A value and why it was chosen. */
    record Reasoned(Object value, String why) {}

    ModelTask task();

    /** Of the rows. */
    FormatChoice format();

    /** What stands right below {@code model.task}. */
    void model(RecipeText text);

    /** What stands below {@code data.columns}. */
    void data(RecipeText text);

    /** Rows of an update at most. */
    int largestBatch();

    /** What is usual for all weights of a model that is not small. */
    double learningRate(long parameters);

    /** What stands at the end of {@code training}. */
    void training(RecipeText text);

    /** What is asked before and after training. */
    void generation(RecipeText text, RowLengths lengths);

    /** The same with another chat template; empty where none has been taken from the base. */
    Optional<TaskDraft> with(Reasoned template);
}
