package dev.temper.train.worker;

import dev.temper.kernel.FailedAllocationException;
import dev.temper.model.Backpropagation;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * The rows of an update or an evaluation. It counts all of them, and stores index and length of those that this worker
 * processes. Rows are fetched only when a pass needs them, as an evaluation may have millions.
 */
public final class Share<R> {
    private final Replica worker;
    private final IntFunction<R> rows;
    private int[] own = new int[16]; // index and length of each row
    private int count;
    private double weight;
    private long tokens;

    /** @param rows gives a row by its index */
    public Share(Replica worker, IntFunction<R> rows) {
        this.worker = worker;
        this.rows = rows;
    }

    /** A forward and backward pass over some rows; returns the weighted sum of their losses. */
    @FunctionalInterface
    public interface Pass<R> {
        double accumulate(List<R> rows, Backpropagation backpropagation, double scale);
    }

    /** All passes of this worker in one update. */
    @FunctionalInterface
    public interface Passes {
        /**
         * Accumulates this worker's part of the gradient of the mean loss, and returns the sum of its losses.
         *
         * @return empty when an allocation failed: the gradients are incomplete, and the next call starts again with
         *     smaller passes
         */
        OptionalDouble accumulate(Backpropagation backpropagation);
    }

    /**
     * The work of an update.
     *
     * @param weight sum of the weights of all losses, over all workers
     * @param tokens number of tokens, over all workers
     */
    public record Update(double weight, long tokens, Passes own) {}

    /**
     * Adds a row.
     *
     * @param row its index
     * @param length its number of tokens
     * @param rowWeight sum of the weights of its losses
     * @param sequence index of its sequence; every {@code size}-th sequence belongs to this worker
     */
    public void add(int row, int length, double rowWeight, int sequence) {
        weight += rowWeight;
        tokens += length;
        if (sequence % worker.workers().size() == worker.workers().rank()) {
            own = 2 * count == own.length ? Arrays.copyOf(own, Math.multiplyExact(2, own.length)) : own;
            own[2 * count] = row;
            own[2 * count + 1] = length;
            count++;
        }
    }

    public double weight() {
        return weight;
    }

    public Update update(Pass<R> pass) {
        return new Update(weight, tokens, backpropagation -> {
            DoubleAdder loss = new DoubleAdder();
            int end = advance(0, rows -> loss.add(pass.accumulate(rows, backpropagation, 1 / weight)), () -> false);
            return end == count ? OptionalDouble.of(loss.sum()) : OptionalDouble.empty();
        });
    }

    /**
     * Processes this worker's rows in order, in groups that fit into one forward pass; a group whose allocation fails
     * is repeated in smaller ones. Ends early when the worker is asked to stop.
     */
    public void forEach(Consumer<List<R>> pass) {
        int row = 0;
        while (row < count && !worker.isAskedToStop()) {
            row = advance(row, pass, worker::isAskedToStop);
        }
    }

    /** @return the first row of the pass that failed or was not made; the number of rows after the last pass */
    private int advance(int first, Consumer<List<R>> pass, BooleanSupplier isOver) {
        int row = first;
        for (int[] group :
                MicroBatches.split(lengths(first, count), worker.microBatch().tokens())) {
            if (isOver.getAsBoolean()) {
                return row;
            }
            int end = row + group.length;
            try {
                pass.accept(IntStream.range(row, end)
                        .mapToObj(i -> rows.apply(own[2 * i]))
                        .toList());
            } catch (FailedAllocationException e) {
                worker.microBatch().halve(lengths(row, end), e);
                return row;
            }
            row = end;
        }
        return row;
    }

    private int[] lengths(int from, int to) {
        return IntStream.range(from, to).map(i -> own[2 * i + 1]).toArray();
    }
}
