package dev.temper.train.rows;

import java.util.Arrays;
import java.util.Comparator;

/**
 * Groups rows of similar length, as transformers' {@code LengthGroupedSampler}: a shuffled epoch is cut into pieces of
 * 50 batches, each piece is sorted by descending length, and the longest row comes first, so that a lack of memory
 * shows at once.
 *
 * @see <a
 *     href="https://github.com/huggingface/transformers/blob/main/src/transformers/trainer_pt_utils.py">reference</a>
 */
public final class LengthGroups {
    private static final int MAX_BATCHES = 50;

    private LengthGroups() {}

    /**
     * @param order indexes of all rows, shuffled
     * @param lengths number of tokens of each row, by index
     * @return the same indexes in the new order
     */
    public static int[] sorted(int[] order, int[] lengths, int batchSize) {
        int batches = (int) Math.max(1, Math.min(order.length / (batchSize * 4L), MAX_BATCHES));
        int piece = (int) Math.min((long) batches * batchSize, order.length);
        int[] sorted = new int[order.length];
        int longest = 0;
        for (int from = 0; from < order.length; from += piece) {
            int[] rows = Arrays.stream(order, from, Math.min(from + piece, order.length))
                    .boxed()
                    // the sort is stable: equal lengths stay shuffled
                    .sorted(Comparator.comparingInt(row -> -lengths[row]))
                    .mapToInt(Integer::intValue)
                    .toArray();
            System.arraycopy(rows, 0, sorted, from, rows.length);
            longest = lengths[rows[0]] > lengths[sorted[longest]] ? from : longest;
        }
        int first = sorted[0];
        sorted[0] = sorted[longest];
        sorted[longest] = first;
        return sorted;
    }
}
