package dev.temper.collective;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * What the workers of a run do together.
 *
 * <p>Every worker makes the same calls in the same order with the same lengths, from one thread at a time; the call
 * does its work on the caller's thread and returns when its result is complete. A worker that is lost, comes later than
 * the timeout, or calls something else makes the call of every other worker fail with an {@link IOException} that names
 * the worker it waited for; the buffers then hold anything, and every further call fails. Interrupting the thread or
 * {@link #close()} from another one fails a waiting call too.
 */
public interface Collective extends AutoCloseable {
    /** The only worker of its run: every sum is what it was. */
    static Collective alone() {
        return new Alone();
    }

    /** This worker's number, from 0. */
    int rank();

    /** How many workers there are. */
    int size();

    /**
     * Replaces the floats by their sums over all workers; all workers end with the same bits.
     *
     * @param buckets direct buffers in native order, float32 from position to limit, which stay as they are; their
     *     lengths are the same on every worker. One call with many buckets is faster than many calls.
     */
    void sum(List<ByteBuffer> buckets) throws IOException;

    /** As {@link #sum(List)} with one bucket. */
    default void sum(ByteBuffer floats) throws IOException {
        sum(List.of(floats));
    }

    /**
     * The sums over all workers, added in the order of their ranks, so with the same bits everywhere; for few values.
     */
    double[] sum(double[] values) throws IOException;

    /** Returns after every worker has called it. */
    void barrier() throws IOException;

    /** Leaves; the others fail at their next call. May be called twice and from any thread. */
    @Override
    void close();
}
