package dev.temper.model;

import java.util.List;

/**
 * Documents laid end to end, without padding; none sees another.
 *
 * @param ids (T) tokens
 * @param positions (T) positions, counted within each document
 * @param segments (S + 1) borders of the documents: 0, …, T
 * @param tokenTypes (T) which text of its document a token belongs to, for models that tell them apart; empty when that
 *     is the first for all
 */
public record TokenStream(int[] ids, int[] positions, int[] segments, int[] tokenTypes) {
    public TokenStream(int[] ids, int[] positions, int[] segments) {
        this(ids, positions, segments, new int[0]);
    }

    /** Whole documents, positions from 0. */
    public static TokenStream of(List<int[]> documents) {
        return of(documents, new int[documents.size()]);
    }

    /** @param types of the tokens of each document, as {@link #tokenTypes}; empty for 0 everywhere */
    public static TokenStream of(List<int[]> documents, List<int[]> types) {
        TokenStream tokens = of(documents);
        if (types.stream().allMatch(own -> own.length == 0)) {
            return tokens;
        }
        int[] all = new int[tokens.length()];
        for (int i = 0; i < types.size(); i++) {
            System.arraycopy(types.get(i), 0, all, tokens.segments()[i], types.get(i).length);
        }
        return tokens.withTokenTypes(all);
    }

    /** @param starts position of each document's first token */
    public static TokenStream of(List<int[]> documents, int[] starts) {
        int length = documents.stream().mapToInt(document -> document.length).sum();
        int[] ids = new int[length];
        int[] positions = new int[length];
        int[] segments = new int[documents.size() + 1];
        int at = 0;
        for (int i = 0; i < documents.size(); i++) {
            int[] document = documents.get(i);
            System.arraycopy(document, 0, ids, at, document.length);
            for (int p = 0; p < document.length; p++) {
                positions[at + p] = starts[i] + p;
            }
            at += document.length;
            segments[i + 1] = at;
        }
        return new TokenStream(ids, positions, segments);
    }

    /** @param types (T) as in {@link #tokenTypes()} */
    public TokenStream withTokenTypes(int[] types) {
        return new TokenStream(ids, positions, segments, types);
    }

    public int length() {
        return ids.length;
    }

    public int documents() {
        return segments.length - 1;
    }
}
