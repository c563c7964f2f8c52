package dev.temper.text;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The tokens of two texts in one row.
 *
 * @param types per token, which text the tokenizer's post-processor counts it to, as models with token types take it
 * @param texts per token, the text that it is of: 0 or 1; -1 for one that the post-processor put there
 */
@SuppressWarnings("ArrayRecordComponent") // one per row, read once; never compared
record PairEncoding(int[] ids, int[] types, int[] texts) {
    int length() {
        return ids.length;
    }

    /** Where the tokens begin that count to the second text; the end where all count to the first. */
    int second() {
        return IntStream.range(0, types.length)
                .filter(i -> types[i] > 0)
                .findFirst()
                .orElse(types.length);
    }

    /** Tokens of a text, without those that were added. */
    private int length(int text) {
        return (int) Arrays.stream(texts).filter(of -> of == text).count();
    }

    /** How many tokens were added. */
    int added() {
        return length(-1);
    }

    /**
     * The longer text loses tokens at its end until both fit, as transformers' {@code longest_first}; none is added.
     */
    PairEncoding cut(int maxLength) {
        int room = maxLength - added();
        int shorter = Math.min(length(0), length(1));
        int longer = Math.max(length(0), length(1));
        longer = shorter > room ? shorter : Math.min(longer, Math.max(shorter, room - shorter));
        if (shorter + longer > room) {
            shorter = room / 2;
            longer = room - shorter;
        }
        boolean isFirstLonger = length(0) > length(1);
        int[] left = {isFirstLonger ? longer : shorter, isFirstLonger ? shorter : longer};
        int[] kept = IntStream.range(0, ids.length)
                .filter(i -> texts[i] < 0 || left[texts[i]]-- > 0)
                .toArray();
        return new PairEncoding(at(kept, ids), at(kept, types), at(kept, texts));
    }

    private static int[] at(int[] places, int[] values) {
        return Arrays.stream(places).map(place -> values[place]).toArray();
    }

    /** Whether a token stands between the texts. */
    boolean isDivided() {
        List<Integer> order = Arrays.stream(texts).boxed().toList();
        return order.lastIndexOf(0) + 1 < order.indexOf(1);
    }
}
