package dev.temper.train.worker;

import java.util.ArrayList;
import java.util.List;

/** Splits a worker's rows of an update into forward passes. */
public final class MicroBatches {
    private MicroBatches() {}

    /**
     * Splits rows into the smallest possible number of consecutive groups with at most {@code maxTokens} tokens each; a
     * longer row is a group of its own. Among all such splits the one with the smallest largest group is chosen: one
     * full and one small pass would need more memory than two equal ones.
     *
     * @param lengths number of tokens of each row
     * @return indexes into {@code lengths}, in order, each once; empty when there are no rows
     */
    public static List<int[]> split(int[] lengths, int maxTokens) {
        int groups = fill(lengths, maxTokens).size();
        int tooFew = 0;
        int enough = maxTokens;
        while (enough - tooFew > 1) {
            int tried = tooFew + (enough - tooFew) / 2;
            if (fill(lengths, tried).size() > groups) {
                tooFew = tried;
            } else {
                enough = tried;
            }
        }
        return fill(lengths, enough);
    }

    /** Fills one group after the other up to the limit. */
    private static List<int[]> fill(int[] lengths, int maxTokens) {
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
