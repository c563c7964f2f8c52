package dev.temper.text;

import java.util.List;

/**
 * How what a row teaches besides its text is read, and carried to the worker: in words of 32 bits, as many in each row
 * of a data set. Their meaning is known here and to the objective that learns them.
 */
public interface LabelFormat {
    /** Between several labels in one text. */
    String SEPARATOR = ";";

    /**
     * @param value of its column, as {@link InputColumn} carries it
     * @param labels {@code model.labels}
     * @param column where it stands
     * @throws RejectedRowException when it is none
     */
    int[] read(String value, List<String> labels, String column);

    /** What {@link #read} was given, as people read it. */
    String text(int[] words, List<String> labels);

    /** What people call it, such as {@code class}. */
    String name();

    /** What its column is for. */
    default String role() {
        return Role.LABEL;
    }

    /** How many words a row has. */
    default int words(List<String> labels) {
        return 1;
    }

    /** @throws dev.temper.check.InvalidInputException when a column cannot be read with these labels */
    default void verify(List<String> labels) {}
}
