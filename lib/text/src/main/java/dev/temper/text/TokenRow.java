package dev.temper.text;

import java.util.Arrays;

/**
 * One row, ready to train on.
 *
 * @param trained whether the label of a position counts; never at position 0, which nothing predicts
 */
@SuppressWarnings("ArrayRecordComponent") // one per row; never compared
public record TokenRow(int[] inputIds, boolean[] trained) {
    /** The label of a position that does not count, as in transformers. */
    public static final int IGNORED = -100;

    /** The row of these labels: {@link #IGNORED} where nothing is learned. */
    public static TokenRow of(int[] inputIds, int[] labels) {
        boolean[] trained = new boolean[labels.length];
        for (int i = 1; i < labels.length; i++) {
            trained[i] = labels[i] != IGNORED;
        }
        return new TokenRow(inputIds, trained);
    }

    /** Some of its tokens as a document of their own, whose first one nothing predicts. */
    public TokenRow piece(int from, int to) {
        if (from == 0 && to == inputIds.length) {
            return this;
        }
        boolean[] kept = Arrays.copyOfRange(trained, from, to);
        kept[0] = false;
        return new TokenRow(Arrays.copyOfRange(inputIds, from, to), kept);
    }

    public int length() {
        return inputIds.length;
    }

    public int trainedTokens() {
        int count = 0;
        for (boolean counts : trained) {
            count += counts ? 1 : 0;
        }
        return count;
    }

    /** Labels as transformers writes them: the token itself, or {@link #IGNORED}. */
    public int[] labels() {
        int[] labels = new int[inputIds.length];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = trained[i] ? inputIds[i] : IGNORED;
        }
        return labels;
    }
}
