package dev.temper.train.worker;

import dev.temper.collective.Collective;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Keeps workers in step while some of them do work that takes longer than the timeout of the ring: until all have
 * closed theirs, each one sends a heartbeat every second. All workers open one at the same point, and make no other
 * collective calls until it is closed.
 */
public final class Heartbeat implements AutoCloseable {
    private final Collective workers;
    private final CountDownLatch done = new CountDownLatch(1);
    private final Thread thread = new Thread(this::beat, "temper-heartbeat");
    private IOException failure; // read only after the thread has ended

    private Heartbeat(Collective workers) {
        this.workers = workers;
    }

    /** Work that may fail with an {@link IOException}, as collective calls do. */
    @FunctionalInterface
    public interface Work<T> {
        T run() throws IOException;
    }

    /** Does this worker's work, then waits until all workers have done theirs. */
    public static <T> T during(Collective workers, Work<T> work) throws IOException {
        if (workers.size() == 1) {
            return work.run();
        }
        Heartbeat beats = new Heartbeat(workers);
        beats.thread.setDaemon(true);
        beats.thread.start();
        try (beats) {
            return work.run();
        }
    }

    private void beat() {
        try {
            double busy;
            do {
                boolean isDone = done.await(1, TimeUnit.SECONDS);
                busy = workers.sum(new double[] {isDone ? 0 : 1})[0];
            } while (busy > 0);
        } catch (IOException e) {
            failure = e;
        } catch (InterruptedException e) {
            failure = new InterruptedIOException("interrupted while workers waited for each other");
        }
    }

    /** Waits until all workers have closed theirs. */
    @Override
    public void close() throws IOException {
        done.countDown();
        try {
            thread.join();
        } catch (InterruptedException e) {
            thread.interrupt();
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while it waited for other workers");
        }
        if (failure != null) {
            throw failure;
        }
    }
}
