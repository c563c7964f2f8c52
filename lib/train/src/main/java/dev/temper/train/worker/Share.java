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
 * The rows of an update or an evaluation: all of them counted, and the numbers and lengths of those that are this
 * worker's. Rows are asked for when a pass needs them: an evaluation may have millions.
 */
public final class Share<R> {
    private final Replica worker;
    private final IntFunction<R> rows;
    private int[] own = new int[16]; // number and length of each
    private int count;
    private double weight;
    private long tokens;

    /** @param rows by number */
    public Share(Replica worker, IntFunction<R> rows) {
        this.worker = worker;
        this.rows = rows;
    }

    /** A forward and a backward pass over some rows; gives the sum of the losses, each times its weight. */
    @FunctionalInterface
    public interface Pass<R> {
        double accumulate(List<R> rows, Backpropagation backpropagation, double scale);
    }

    /** This worker's passes of an update. */
    @FunctionalInterface
    public interface Passes {
        /**
         * Adds this worker's part of the mean loss's gradient, and returns its sum of losses.
         *
         * @return empty when there was no memory for one of them: the gradients hold some of the sum, and the next call
         *     begins anew with smaller ones
         */
        OptionalDouble accumulate(Backpropagation backpropagation);
    }

    /**
     * What an update does.
     *
     * @param weight of all losses, over all workers
     * @param tokens over all workers
     */
    public record Update(double weight, long tokens, Passes own) {}

    /**
     * @param row its number
     * @param length its tokens
     * @param rowWeight what its losses count together
     * @param sequence that it belongs to; every {@code size}-th one is this worker's
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
     * This worker's rows in order, in what one forward pass takes; one that finds no memory is made again, smaller.
     * Breaks off when the worker is asked to stop.
     */
    public void forEach(Consumer<List<R>> pass) {
        int row = 0;
        while (row < count && !worker.isAskedToStop()) {
            row = advance(row, pass, worker::isAskedToStop);
        }
    }

    /** @return the first row of the pass that found no memory, or was not made; the number of rows after the last */
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
