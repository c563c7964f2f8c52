package dev.temper.train;

import dev.temper.kernel.FailedAllocationException;
import dev.temper.model.Backpropagation;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** The rows of an update or an evaluation: all of them counted, and those kept that are this worker's. */
final class Share<R> {
    private final Worker worker;
    private final List<R> own = new ArrayList<>();
    private final List<Integer> lengths = new ArrayList<>();
    private double weight;
    private long tokens;

    Share(Worker worker) {
        this.worker = worker;
    }

    /** A forward and a backward pass over some rows; gives the sum of the losses, each times its weight. */
    @FunctionalInterface
    interface Pass<R> {
        double accumulate(List<R> rows, Backpropagation backpropagation, double scale);
    }

    /** This worker's passes of an update. */
    @FunctionalInterface
    interface Passes {
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
    record Update(double weight, long tokens, Passes own) {}

    /**
     * @param length its tokens
     * @param rowWeight what its losses count together
     * @param number of the sequence it belongs to; every {@code size}-th one is this worker's
     */
    void add(R row, int length, double rowWeight, int number) {
        weight += rowWeight;
        tokens += length;
        if (number % worker.workers().size() == worker.workers().rank()) {
            own.add(row);
            lengths.add(length);
        }
    }

    double weight() {
        return weight;
    }

    Update update(Pass<R> pass) {
        return new Update(weight, tokens, backpropagation -> {
            DoubleAdder loss = new DoubleAdder();
            int end = advance(0, rows -> loss.add(pass.accumulate(rows, backpropagation, 1 / weight)), () -> false);
            return end == own.size() ? OptionalDouble.of(loss.sum()) : OptionalDouble.empty();
        });
    }

    /**
     * This worker's rows in order, in what one forward pass takes; one that finds no memory is made again, smaller.
     * Breaks off when the worker is asked to stop.
     */
    void forEach(Consumer<List<R>> pass) {
        int row = 0;
        while (row < own.size() && !worker.isAskedToStop()) {
            row = advance(row, pass, worker::isAskedToStop);
        }
    }

    /** @return the first row of the pass that found no memory, or was not made; the number of rows after the last */
    private int advance(int first, Consumer<List<R>> pass, BooleanSupplier isOver) {
        int[] sizes = lengths.stream().skip(first).mapToInt(Integer::intValue).toArray();
        int row = first;
        for (int[] group : MicroBatches.split(sizes, worker.microBatch().tokens())) {
            if (isOver.getAsBoolean()) {
                return row;
            }
            int end = row + group.length;
            try {
                pass.accept(own.subList(row, end));
            } catch (FailedAllocationException e) {
                List<Integer> failed = lengths.subList(row, end);
                worker.microBatch()
                        .halve(failed.stream().mapToInt(Integer::intValue).toArray(), e);
                return row;
            }
            row = end;
        }
        return row;
    }
}
