package dev.temper.text;

import java.util.Arrays;

/**
 * One row, ready to train on.
 *
 * @param trained whether the label of a position counts; never at position 0, which nothing predicts
 * @param second of a pair of texts, where the tokens of the second one begin; {@link #length} of one text
 */
@SuppressWarnings("ArrayRecordComponent") // one per row; never compared
public record TokenRow(int[] inputIds, boolean[] trained, int second) {
    /** The label of a position that does not count, as in transformers. */
    public static final int IGNORED = -100;

    /** One text. */
    public TokenRow(int[] inputIds, boolean[] trained) {
        this(inputIds, trained, inputIds.length);
    }

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

    /** Of each token which text it is of, from 0; empty of one text. */
    public int[] tokenTypes() {
        int[] types = new int[second < inputIds.length ? inputIds.length : 0];
        Arrays.fill(types, Math.min(second, types.length), types.length, 1);
        return types;
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
