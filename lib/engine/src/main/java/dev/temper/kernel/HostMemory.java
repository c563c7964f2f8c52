package dev.temper.kernel;

import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import java.util.Optional;

/**
 * Memory of this process that nothing uses any more. The C library keeps freed arrays for later, in pieces that the
 * next array often does not fit into: a process may have several times what a layer needs resident.
 *
 * @see <a href="https://man7.org/linux/man-pages/man3/malloc_trim.3.html">malloc_trim(3)</a>
 */
public final class HostMemory {
    private static final Optional<Function> TRIM = find();

    private HostMemory() {}

    private static Optional<Function> find() {
        try {
            return Optional.of(NativeLibrary.getProcess().getFunction("malloc_trim"));
        } catch (LinkageError e) {
            return Optional.empty(); // another C library than glibc, or none can be called
        }
    }

    /** Gives freed memory back to the system; what is needed anew costs fresh pages. */
    public static void release() {
        TRIM.ifPresent(trim -> trim.invokeInt(new Object[] {0}));
    }
}
