package dev.temper.spark.source;

import dev.temper.spark.source.Sources.InputFile;
import java.io.Serializable;

/**
 * What one task reads: a file, or some of its lines.
 *
 * @param to the byte after the last, {@link #END} for all there are
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
