package dev.temper.spark.cluster;

import static dev.temper.check.Check.check;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Workers and their resources; {@code cluster:} in the recipe.
 *
 * @param workers number of tasks that train at the same time, each with a replica of the model
 * @param collectiveTimeout how long a worker waits for another before the run fails
 * @param localDir folder on each machine for copies of remote weights, a worker's rows, and offloaded state; a
 *     temporary one when empty
 * @param memory memory of one worker, such as {@code 8g}, in Spark's units; {@code auto}: the machine's memory divided
 *     by the workers on it
 */
public record ClusterConfig(int workers, Duration collectiveTimeout, Optional<String> localDir, String memory) {
    private static final Pattern SIZE = Pattern.compile("([1-9][0-9]{0,11})\\s*([kmgt]?)b?");
    private static final String UNITS = "kmgt";

    public ClusterConfig {
        check(workers > 0, "cluster.workers must be positive, got %d", workers);
        check(
                !collectiveTimeout.isNegative() && !collectiveTimeout.isZero(),
                "cluster.collective_timeout must be positive, got %s",
                collectiveTimeout);
        check(
                memory.equals("auto")
                        || SIZE.matcher(memory.toLowerCase(Locale.ROOT)).matches(),
                "cluster.memory must be auto or a size such as 8g or 500m, got '%s'",
                memory);
    }

    /** {@code localDir}, or the temporary folder of this machine. */
    public Path localFolder() {
        return Path.of(localDir.orElseGet(() -> System.getProperty("java.io.tmpdir")));
    }

    /** Memory of one worker in bytes; empty with {@code auto}. A number without a unit is bytes. */
    public OptionalLong memoryBytes() {
        Matcher size = SIZE.matcher(memory.toLowerCase(Locale.ROOT));
        if (!size.matches()) {
            return OptionalLong.empty();
        }
        int power = size.group(2).isEmpty() ? 0 : UNITS.indexOf(size.group(2)) + 1;
        return OptionalLong.of(Long.parseLong(size.group(1)) << (10 * power));
    }
}
