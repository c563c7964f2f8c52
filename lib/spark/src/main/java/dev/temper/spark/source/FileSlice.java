package dev.temper.spark.source;

import dev.temper.spark.source.Sources.InputFile;
import java.io.Serializable;

/**
 * What one task reads: a file, or a range of its lines.
 *
 * @param to end offset, exclusive; {@link #END} for the end of the file
 * @param firstLine number of its first line
 */
public record FileSlice(InputFile file, long from, long to, long firstLine) implements Serializable {
    static final long END = -1;

    public static FileSlice whole(InputFile file) {
        return new FileSlice(file, 0, END, 1);
    }

    public boolean isWhole() {
        return to == END;
    }
}
