package dev.temper.collective;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Collective operations of the workers of a run: all-reduce (sum) and barrier.
 *
 * <p>Every worker must make the same calls in the same order with the same lengths, from one thread at a time. A call
 * runs on the caller's thread and returns when its result is complete. If a worker is lost, is later than the timeout,
 * or makes a different call, the call fails on every other worker with an {@link IOException} that names the worker it
 * was waiting for. The contents of the buffers are undefined then, and all further calls fail. A waiting call also
 * fails when its thread is interrupted or another thread calls {@link #close()}.
 */
public interface Collective extends AutoCloseable {
    /** The collective of a run with one worker: every sum is its own input. */
    static Collective alone() {
        return new Alone();
    }

    /** Rank of this worker, from 0. */
    int rank();

    /** Number of workers. */
    int size();

    /**
     * All-reduce: replaces the floats by their sums over all workers. The result has the same bits on every worker.
     *
     * @param buckets direct buffers in native byte order, float32 from position to limit, which do not change; their
     *     lengths are the same on every worker. One call with many buckets is faster than many calls.
     */
    void sum(List<ByteBuffer> buckets) throws IOException;

    /** As {@link #sum(List)} with one bucket. */
    default void sum(ByteBuffer floats) throws IOException {
        sum(List.of(floats));
    }

    /**
     * The sums of a few values over all workers, added in the order of the ranks, so that the result has the same bits
     * on every worker.
     */
    double[] sum(double[] values) throws IOException;

    /** Returns when every worker has called it. */
    void barrier() throws IOException;

    /** Leaves the ring; the next call of every other worker fails. May be called repeatedly and from any thread. */
    @Override
    void close();
}
