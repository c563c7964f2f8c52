package dev.temper.model;

import java.util.ArrayList;
import java.util.List;

/**
 * A stream and what is to be learned in it.
 *
 * @param keep (N) positions whose next token counts
 * @param targets (N) that next token
 * @param keys (T) per token, a hash of (seed, step, row, position): the source of its dropout masks
 */
public record LabelledStream(TokenStream tokens, int[] keep, int[] targets, long[] keys) {
    /**
     * One row of a batch.
     *
     * @param trained per token, whether predicting it counts; the first never does, as nothing predicts it
     * @param key a hash of (seed, step, row)
     */
    public record Row(int[] ids, boolean[] trained, long key) {
        /** How many tokens are learned. */
        public int targets() {
            int count = 0;
            for (int i = 1; i < ids.length; i++) {
                count += trained[i] ? 1 : 0;
            }
            return count;
        }
    }

    public static LabelledStream of(List<Row> rows) {
        List<int[]> documents = new ArrayList<>();
        int count = 0;
        int length = 0;
        for (Row row : rows) {
            documents.add(row.ids());
            count += row.targets();
            length += row.ids().length;
        }
        int[] keep = new int[count];
        int[] targets = new int[count];
        long[] keys = new long[length];
        int n = 0;
        int start = 0;
        for (Row row : rows) {
            for (int i = 0; i < row.ids().length; i++) {
                keys[start + i] = SplitMix.mix(row.key() + i);
                if (i > 0 && row.trained()[i]) {
                    keep[n] = start + i - 1;
                    targets[n++] = row.ids()[i];
                }
            }
            start += row.ids().length;
        }
        return new LabelledStream(TokenStream.of(documents), keep, targets, keys);
    }
}
