package dev.temper.kernel;

import dev.temper.check.FailedRunException;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * There is no memory left for what libtorch was asked to do, on the device or on the host. What the failed call had
 * recorded is freed with the scope it ran in, so less can be tried next.
 */
public final class FailedAllocationException extends FailedRunException {
    // A processor's allocator, C++, a mapping that fails, a GPU's allocator and its libraries.
    private static final Pattern SIGNS = Pattern.compile("allocate memory|bad_alloc|out of memory|_ALLOC_FAILED");
    private static final Pattern BYTES = Pattern.compile("tried to allocate (\\d+) bytes");

    public FailedAllocationException(String message) {
        super(message);
    }

    private FailedAllocationException(String message, Throwable cause) {
        super(message, cause);
    }

    /** The work's result; its failure as one of ours where memory is the reason. */
    static <T> T watch(String what, Supplier<T> work) {
        try {
            return work.get();
        } catch (RuntimeException e) { // DJL's EngineException, whatever libtorch threw
            String reason = String.valueOf(e.getMessage());
            if (!SIGNS.matcher(reason).find()) {
                throw e;
            }
            Matcher bytes = BYTES.matcher(reason);
            throw new FailedAllocationException(
                    String.format(
                            Locale.ROOT,
                            "out of memory: no %s more for %s; temper plan shows what a run needs",
                            bytes.find()
                                    ? String.format(Locale.ROOT, "%,d bytes", Long.valueOf(bytes.group(1)))
                                    : "memory",
                            what),
                    e);
        }
    }
}
