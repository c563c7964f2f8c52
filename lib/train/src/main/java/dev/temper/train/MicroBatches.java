package dev.temper.train;

import java.util.ArrayList;
import java.util.List;

/** Cuts a worker's rows of an update into what one forward pass takes. */
public final class MicroBatches {
    private MicroBatches() {}

    /**
     * Groups of consecutive rows with at most {@code maxTokens} tokens; a longer row is a group of its own.
     *
     * @param lengths tokens of each row
     * @return indexes into {@code lengths}, in order, each once; no rows, no groups
     */
    public static List<int[]> split(int[] lengths, int maxTokens) {
        List<int[]> groups = new ArrayList<>();
        int start = 0;
        while (start < lengths.length) {
            int end = start + 1;
            long tokens = lengths[start];
            while (end < lengths.length && tokens + lengths[end] <= maxTokens) {
                tokens += lengths[end];
                end++;
            }
            groups.add(range(start, end));
            start = end;
        }
        return groups;
    }

    private static int[] range(int start, int end) {
        int[] indexes = new int[end - start];
        for (int i = 0; i < indexes.length; i++) {
            indexes[i] = start + i;
        }
        return indexes;
    }
}
