package dev.temper.text;

import java.io.Serializable;

/**
 * A column that a format reads. Whatever the file holds, rows carry its values as text, so that a cell of a CSV and a
 * nested struct of a Parquet file are one case; {@code null} stays null.
 *
 * @param required whether the files must have it
 */
public record InputColumn(String name, Content content, boolean required) implements Serializable {
    /** No character of any text: what follows was no text in the file, however much a text may look like it. */
    public static final String NESTED = "\uffff";

    /** What a value must be in the file, and how it is carried. */
    public enum Content {
        /** A text, carried as it is. */
        TEXT,
        /** A text, or a nested value carried as JSON. */
        JSON,
        /** As {@link #JSON}, of few rows: where it is null a row has the content that it has without the column. */
        OPTION,
        /** A text carried as it is, or a list of messages carried as JSON behind {@link InputColumn#NESTED}. */
        TEXT_OR_MESSAGES,
        /** A text, or an integer or boolean carried in decimal digits ({@code true} is {@code 1}). */
        LABEL,
        /** A text carried as it is, or a list carried as JSON behind {@link InputColumn#NESTED}. */
        LABELS,
        /** A text, or a number carried in decimal digits. */
        NUMBER;

        /** Whether a list is carried behind {@link InputColumn#NESTED}, as a text may be there instead. */
        public boolean isMarkedList() {
            return this == TEXT_OR_MESSAGES || this == LABELS;
        }
    }
}
