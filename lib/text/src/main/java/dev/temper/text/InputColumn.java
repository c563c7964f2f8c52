package dev.temper.text;

import java.io.Serializable;

/**
 * A column that a format reads. Values are passed on as text, whatever the file's format, so that a CSV cell and a
 * nested Parquet struct are handled alike; null stays {@code null}.
 *
 * @param required whether files must have the column
 */
public record InputColumn(String name, Content content, boolean required) implements Serializable {
    /** Prefix of nested values. It is a noncharacter, so a text never begins with it, even if it looks like JSON. */
    public static final String NESTED = "\uffff";

    /** Which values are allowed, and how they are encoded as text. */
    public enum Content {
        /** A text, unchanged. */
        TEXT,
        /** A text, or a nested value as JSON. */
        JSON,
        /**
         * As {@link #JSON}, but optional: a row in which it is null has the same content hash as without the column.
         */
        OPTION,
        /** A text unchanged, or a list of messages as JSON with the prefix {@link InputColumn#NESTED}. */
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
