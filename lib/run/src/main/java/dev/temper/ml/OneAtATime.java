package dev.temper.ml;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.Callable;

/**
 * Runs that estimators and models start, one after the other: they share the process's threads and what interrupts it,
 * and a sweep with {@code parallelism} would have them wait for each other's slots for ever.
 */
final class OneAtATime {
    private OneAtATime() {}

    static synchronized <T> T run(Callable<T> work) {
        try {
            return work.call();
        } catch (RuntimeException e) {
            throw e;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (Exception e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }
}
