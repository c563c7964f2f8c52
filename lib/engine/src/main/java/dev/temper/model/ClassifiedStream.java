package dev.temper.model;

import ai.djl.ndarray.types.Shape;
import java.util.List;

/**
 * A stream and what the head of a model learns of each of its documents.
 *
 * @param keep (S) position of each document's token that is classified
 * @param targets (S) class, by index; or the value of a regression; or (S, labels) of each label, row after row
 * @param weights (S) what a document's loss counts
 * @param keys (T) per token, a hash of (seed, step, row, position): the source of its dropout masks
 */
public record ClassifiedStream(TokenStream tokens, int[] keep, float[] targets, float[] weights, long[] keys) {
    /**
     * One row of a batch.
     *
     * @param tokenTypes per token, as in {@link TokenStream}; empty for 0 everywhere
     * @param targets one class, by index, or the value of a regression; of several labels one for each of them
     * @param weight what its loss counts; 1 usually
     * @param key a hash of (seed, step, row)
     */
    public record Row(int[] ids, int[] tokenTypes, float[] targets, float weight, long key) {
        public Row(int[] ids, float target, float weight, long key) {
            this(ids, new int[0], new float[] {target}, weight, key);
        }
    }

    public static ClassifiedStream of(Classifier classifier, List<Row> rows) {
        TokenStream tokens = TokenStream.of(
                rows.stream().map(Row::ids).toList(),
                rows.stream().map(Row::tokenTypes).toList());
        int count = rows.size();
        int width = count == 0 ? 1 : rows.get(0).targets().length;
        float[] targets = new float[count * width];
        float[] weights = new float[count];
        long[] keys = new long[tokens.length()];
        for (int i = 0; i < count; i++) {
            Row row = rows.get(i);
            System.arraycopy(row.targets(), 0, targets, i * width, width);
            weights[i] = row.weight();
            int start = tokens.segments()[i];
            for (int p = 0; p < row.ids().length; p++) {
                keys[start + p] = SplitMix.mix(row.key() + p);
            }
        }
        return new ClassifiedStream(tokens, classifier.positions(tokens), targets, weights, keys);
    }

    /** Of the targets. */
    Shape shape() {
        int width = targets.length / Math.max(1, weights.length);
        return width > 1 ? new Shape(weights.length, width) : new Shape(weights.length);
    }
}
