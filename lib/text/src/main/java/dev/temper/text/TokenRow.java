package dev.temper.text;

import java.util.Arrays;

/**
 * One tokenized row to train on.
 *
 * @param inputIds token ids, shape (T)
 * @param trained whether the label of a position counts in the loss, shape (T); never at position 0, which has no
 *     prediction
 */
@SuppressWarnings("ArrayRecordComponent") // created per row, never compared
public record TokenRow(int[] inputIds, boolean[] trained) {
    /** Label of a position that does not count in the loss, as in transformers. */
    public static final int IGNORED = -100;

    /** A row from labels, which are {@link #IGNORED} where a position does not count. */
    public static TokenRow of(int[] inputIds, int[] labels) {
        boolean[] trained = new boolean[labels.length];
        for (int i = 1; i < labels.length; i++) {
            trained[i] = labels[i] != IGNORED;
        }
        return new TokenRow(inputIds, trained);
    }

    /** Tokens {@code [from, to)} as a document of their own, whose first token does not count in the loss. */
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

    /** Number of tokens that count in the loss. */
    public int trainedTokens() {
        int count = 0;
        for (boolean counts : trained) {
            count += counts ? 1 : 0;
        }
        return count;
    }

    /** Labels as in transformers: the token id, or {@link #IGNORED}. */
    public int[] labels() {
        int[] labels = new int[inputIds.length];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = trained[i] ? inputIds[i] : IGNORED;
        }
        return labels;
    }
}
