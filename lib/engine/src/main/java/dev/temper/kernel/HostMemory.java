package dev.temper.kernel;

import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Memory of this process that nothing uses any more. The C library keeps freed arrays for later, in pieces that the
 * next array often does not fit into: a process may have several times what a layer needs resident.
 *
 * @see <a href="https://man7.org/linux/man-pages/man3/malloc_trim.3.html">malloc_trim(3)</a>
 */
public final class HostMemory {
    private static final Optional<Function> TRIM = find();
    private static final long PERIOD_NANOS = 1_000_000_000;
    private static final AtomicLong LAST = new AtomicLong(System.nanoTime());

    private HostMemory() {}

    private static Optional<Function> find() {
        try {
            return Optional.of(NativeLibrary.getProcess().getFunction("malloc_trim"));
        } catch (LinkageError e) {
            return Optional.empty(); // another C library than glibc, or none can be called
        }
    }

    /** As {@link #release}, but at most once a second: fresh pages are much of the time of passes shorter than that. */
    public static void releaseNowAndThen() {
        long now = System.nanoTime();
        long last = LAST.get();
        if (now - last >= PERIOD_NANOS && LAST.compareAndSet(last, now)) {
            release();
        }
    }

    /** Gives freed memory back to the system; what is needed anew costs fresh pages. */
    public static void release() {
        TRIM.ifPresent(trim -> trim.invokeInt(new Object[] {0}));
    }
}
