package dev.temper.inference;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntFunction;

/** Splits items into batches that are computed together. */
final class Batches {
    private Batches() {}

    /**
     * Batches of consecutive items, in their order.
     *
     * @param maxTokens limit for the tokens of a batch; a longer item is a batch of its own
     * @param maxItems limit for the items of a batch
     */
    static <T> List<List<T>> of(List<T> items, ToIntFunction<T> tokens, int maxTokens, int maxItems) {
        List<List<T>> batches = new ArrayList<>();
        List<T> batch = new ArrayList<>();
        long sum = 0;
        for (T item : items) {
            int size = tokens.applyAsInt(item);
            if (!batch.isEmpty() && (sum + size > maxTokens || batch.size() == maxItems)) {
                batches.add(batch);
                batch = new ArrayList<>();
                sum = 0;
            }
            batch.add(item);
            sum += size;
        }
        if (!batch.isEmpty()) {
            batches.add(batch);
        }
        return batches;
    }
}
