package dev.temper.run.output;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** What a worker computes on, in a line; never who it is. */
public final class MachineText {
    private static final Path PROCESSORS = Path.of("/proc/cpuinfo");

    private MachineText() {}

    /** @param threads that the worker computes with */
    public static String here(int threads) {
        long memory = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class)
                .getTotalMemorySize(); // of the container, where there is one
        int cores = Runtime.getRuntime().availableProcessors();
        return String.format(
                Locale.ROOT,
                "%s, %d of %d cores, %.0f GiB, %s, Java %s",
                processor().orElseGet(() -> System.getProperty("os.arch")),
                threads,
                cores,
                memory / (double) (1 << 30),
                System.getProperty("os.name"),
                Runtime.version().feature());
    }

    /** Only Linux says it in a file. */
    private static Optional<String> processor() {
        try (Stream<String> lines = Files.lines(PROCESSORS)) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst();
        } catch (IOException | RuntimeException e) {
            return Optional.empty(); // a figure for people is no reason to end a run
        }
    }
}
