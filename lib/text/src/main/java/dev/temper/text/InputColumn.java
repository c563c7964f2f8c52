package dev.temper.text;

import java.io.Serializable;

/**
 * A column that a format reads. Whatever the file holds, rows carry its values as text, so that a cell of a CSV and a
 * nested struct of a Parquet file are one case; {@code null} stays null.
 *
 * @param required whether the files must have it
 */
public record InputColumn(String name, Content content, boolean required) implements Serializable {
    /** What a value must be in the file, and how it is carried. */
    public enum Content {
        /** A text, carried as it is. */
        TEXT,
        /** A text, or a nested value carried as JSON. */
        JSON,
        /** A text, or an integer or boolean carried in decimal digits ({@code true} is {@code 1}). */
        LABEL
    }
}
