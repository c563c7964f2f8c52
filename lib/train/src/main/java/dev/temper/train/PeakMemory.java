package dev.temper.train;

import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Samples the resident memory of this process on Linux: anonymous memory (RssAnon), and pages of mapped files
 * (RssFile), which the operating system may evict. Nothing is recorded on other systems.
 */
public final class PeakMemory implements AutoCloseable {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final long PERIOD_MILLIS = 50;

    /** The maximum of each value; they need not have occurred at the same time. */
    public record Peak(long anonymousBytes, long mappedBytes) implements Serializable {}

    private final CountDownLatch closed = new CountDownLatch(1);
    private Peak peak = new Peak(0, 0);

    private PeakMemory() {}

    /** Starts sampling every 50 ms on a thread of its own. */
    public static PeakMemory watch() {
        PeakMemory memory = new PeakMemory();
        if (Files.isReadable(STATUS)) {
            Thread thread = new Thread(memory::run, "temper-memory");
            thread.setDaemon(true);
            thread.start();
        }
        return memory;
    }

    private void run() {
        try {
            do {
                look();
            } while (!closed.await(PERIOD_MILLIS, TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void look() {
        try {
            List<String> lines = Files.readAllLines(STATUS);
            peak = new Peak(
                    Math.max(peak.anonymousBytes(), bytes(lines, "RssAnon:")),
                    Math.max(peak.mappedBytes(), bytes(lines, "RssFile:")));
        } catch (IOException e) {
            closed.countDown(); // a failed measurement must not end the run
        }
    }

    private static long bytes(List<String> lines, String field) {
        return lines.stream()
                .filter(line -> line.startsWith(field))
                .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst()
                .orElse(0);
    }

    /** The maxima so far; empty when they cannot be measured. */
    public synchronized Optional<Peak> peak() {
        return peak.anonymousBytes() == 0 ? Optional.empty() : Optional.of(peak);
    }

    @Override
    public void close() {
        closed.countDown();
    }
}
