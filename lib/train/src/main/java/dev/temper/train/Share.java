package dev.temper.train;

import dev.temper.model.Backpropagation;
import java.util.ArrayList;
import java.util.List;

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

    /** A forward and a backward pass; gives the sum of the losses, each times its weight. */
    @FunctionalInterface
    interface Pass {
        double accumulate(Backpropagation backpropagation, double scale);
    }

    /**
     * What an update does.
     *
     * @param weight of all losses, over all workers
     * @param tokens over all workers
     * @param own this worker's passes
     */
    record Update(double weight, long tokens, List<Pass> own) {
        /** Adds this worker's part of the mean loss's gradient, and returns its sum of losses. */
        double accumulate(Backpropagation backpropagation) {
            double loss = 0;
            for (Pass pass : own) {
                loss += pass.accumulate(backpropagation, 1 / weight);
            }
            return loss;
        }
    }

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

    long tokens() {
        return tokens;
    }

    /** This worker's rows, in what one forward pass takes. */
    List<List<R>> microBatches() {
        int[] sizes = lengths.stream().mapToInt(Integer::intValue).toArray();
        List<List<R>> batches = new ArrayList<>();
        for (int[] group : MicroBatches.split(sizes, worker.microBatchTokens())) {
            List<R> members = new ArrayList<>();
            for (int index : group) {
                members.add(own.get(index));
            }
            batches.add(members);
        }
        return batches;
    }
}
