package dev.temper.model;

import java.util.ArrayList;
import java.util.List;

/**
 * A stream and the class of each of its documents.
 *
 * @param keep (S) position of each document's token that is classified
 * @param targets (S) class, by index; or the value of a regression
 * @param weights (S) what a document's loss counts
 * @param keys (T) per token, a hash of (seed, step, row, position): the source of its dropout masks
 */
public record ClassifiedStream(TokenStream tokens, int[] keep, float[] targets, float[] weights, long[] keys) {
    /**
     * One row of a batch.
     *
     * @param tokenTypes per token, as in {@link TokenStream}; empty for 0 everywhere
     * @param target class, by index; or the value of a regression
     * @param weight what its loss counts; 1 usually
     * @param key a hash of (seed, step, row)
     */
    public record Row(int[] ids, int[] tokenTypes, float target, float weight, long key) {
        public Row(int[] ids, float target, float weight, long key) {
            this(ids, new int[0], target, weight, key);
        }
    }

    public static ClassifiedStream of(Classifier classifier, List<Row> rows) {
        List<int[]> documents = new ArrayList<>();
        rows.forEach(row -> documents.add(row.ids()));
        TokenStream tokens = TokenStream.of(documents);
        if (rows.stream().anyMatch(row -> row.tokenTypes().length > 0)) {
            int[] types = new int[tokens.length()];
            for (int i = 0; i < rows.size(); i++) {
                int[] own = rows.get(i).tokenTypes();
                System.arraycopy(own, 0, types, tokens.segments()[i], own.length);
            }
            tokens = tokens.withTokenTypes(types);
        }
        int count = rows.size();
        float[] targets = new float[count];
        float[] weights = new float[count];
        long[] keys = new long[tokens.length()];
        for (int i = 0; i < count; i++) {
            Row row = rows.get(i);
            targets[i] = row.target();
            weights[i] = row.weight();
            int start = tokens.segments()[i];
            for (int p = 0; p < row.ids().length; p++) {
                keys[start + p] = SplitMix.mix(row.key() + p);
            }
        }
        return new ClassifiedStream(tokens, classifier.positions(tokens), targets, weights, keys);
    }
}
