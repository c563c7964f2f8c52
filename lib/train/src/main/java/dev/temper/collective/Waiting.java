package dev.temper.collective;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.nio.channels.Selector;
import java.time.Duration;
import java.util.function.Supplier;

/** Waits for channels, with a timeout. */
final class Waiting {
    private Waiting() {}

    /**
     * Waits until a channel of the selector is ready, at most until {@code timeout} after {@code start}.
     *
     * @param start in {@link System#nanoTime()}
     * @param what end of the message "waited 60.0 s for ..."
     */
    static void select(Selector selector, long start, Duration timeout, Supplier<String> what) throws IOException {
        long left = timeout.toNanos() - (System.nanoTime() - start);
        if (left <= 0) {
            throw new SocketTimeoutException("waited " + timeout.toMillis() / 1000.0 + " s for " + what.get());
        }
        selector.select(left / 1_000_000 + 1);
        if (Thread.currentThread().isInterrupted()) {
            throw new InterruptedIOException("interrupted while it waited for " + what.get());
        }
    }
}
