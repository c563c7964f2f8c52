package dev.temper.kernel;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;

/**
 * The calls of libtorch that run. When the process ends they are waited for, and no other begins: libtorch's static
 * objects go at the exit, and a thread that still computes with them takes the process down with a signal of its own in
 * place of the exit code.
 */
final class RunningCalls {
    private static final Duration LIMIT = Duration.ofSeconds(20); // a call computes one layer
    private static final ReentrantReadWriteLock CALLS = new ReentrantReadWriteLock();
    private static volatile boolean isEnding;

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(RunningCalls::end, "temper-running-calls"));
    }

    private RunningCalls() {}

    /** @throws IllegalStateException when the process ends */
    static <T> T during(Supplier<T> call) {
        if (isEnding || !CALLS.readLock().tryLock()) {
            throw new IllegalStateException("the process ends; nothing more is computed");
        }
        try {
            return call.get();
        } finally {
            CALLS.readLock().unlock();
        }
    }

    /** Keeps the lock: calls that come later are refused. */
    private static void end() {
        isEnding = true;
        try {
            if (!CALLS.writeLock().tryLock(LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
                System.err.println("temper: libtorch still computes as the process ends");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // ends without waiting
        }
    }
}
