package dev.temper.plan;

import com.sun.management.OperatingSystemMXBean;
import dev.temper.spark.cluster.ClusterConfig;
import dev.temper.spark.cluster.GivenCores;
import java.lang.management.ManagementFactory;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.spark.SparkConf;

/**
 * What a worker may use.
 *
 * @param text where that comes from, for people
 */
public record GivenMemory(long bytes, String text) {
    /**
     * For {@code auto} what this machine has, or the container that the process is in, shared by all workers, which are
     * threads of one process.
     */
    public static GivenMemory here(ClusterConfig cluster) {
        OptionalLong asked = cluster.memoryBytes();
        if (asked.isPresent()) {
            return new GivenMemory(asked.getAsLong(), gib(asked.getAsLong()) + " (cluster.memory)");
        }
        long machine = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class)
                .getTotalMemorySize(); // of the container, where there is one
        int workers = cluster.workers();
        if (workers == 1) {
            return new GivenMemory(machine, gib(machine) + " (all that this machine has)");
        }
        long share = (machine - MemoryPlan.PROCESS_BYTES) / workers + MemoryPlan.PROCESS_BYTES; // the process is one
        return new GivenMemory(
                share, gib(share) + " (of this machine's " + gib(machine) + ", for " + workers + " workers)");
    }

    /**
     * Of the workers of a run; on a cluster nobody knows how large their machines are, unless the recipe says it.
     *
     * @param conf of the session that they run in
     */
    public static Optional<GivenMemory> ifKnown(ClusterConfig cluster, SparkConf conf) {
        boolean isKnown = GivenCores.isLocal(conf) || cluster.memoryBytes().isPresent();
        return isKnown ? Optional.of(here(cluster)) : Optional.empty();
    }

    public static String gib(long bytes) {
        return String.format(Locale.ROOT, "%.2f GiB", bytes / (double) (1 << 30));
    }
}
