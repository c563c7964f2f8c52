package dev.temper.train.worker;

import java.util.ArrayList;
import java.util.List;

/** Cuts a worker's rows of an update into what one forward pass takes. */
public final class MicroBatches {
    private MicroBatches() {}

    /**
     * Groups of consecutive rows with at most {@code maxTokens} tokens, as few as can be; a longer row is a group of
     * its own. Their largest is as small as it can be: a full pass and a small rest would need more memory than two
     * halves.
     *
     * @param lengths tokens of each row
     * @return indexes into {@code lengths}, in order, each once; no rows, no groups
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

    /** One group after the other, each as large as it may be. */
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
