package dev.temper.spark.cluster;

import dev.temper.spark.cluster.StandaloneMaster.Machine;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;

/**
 * Task slots, as far as they are known before a session is created.
 *
 * @param count maximum number of tasks at the same time
 * @param reason why there are not more
 * @param remedy which setting allows more
 */
record Slots(int count, String reason, String remedy) {
    private static final String CORES = "spark.executor.cores";
    private static final String MEMORY = "spark.executor.memory";
    private static final String CORES_OF_ALL = "spark.cores.max";
    private static final String INSTANCES = "spark.executor.instances";
    private static final Pattern LOCAL_CLUSTER =
            Pattern.compile("local-cluster\\[\\s*(\\d+)\\s*,\\s*(\\d+)\\s*,\\s*\\d+\\s*]");

    /** Slots by the settings alone; empty if the cluster decides. */
    static Optional<Slots> configured(SparkConf conf, int workers) {
        String master = conf.get("spark.master", "");
        int cpus = cpus(conf);
        Matcher localCluster = LOCAL_CLUSTER.matcher(master);
        if (localCluster.matches()) {
            int executors = Integer.parseInt(localCluster.group(1));
            int count = executors * (Integer.parseInt(localCluster.group(2)) / cpus);
            return Optional.of(new Slots(count, master + " has " + count, "more of it in --master"));
        }
        if (master.equals("local") || master.startsWith("local[")) {
            int cores = GivenCores.ofMaster(conf).orElseGet(Runtime.getRuntime()::availableProcessors);
            int count = cores / cpus;
            return Optional.of(
                    new Slots(count, "--master " + master + " has " + count, "--master local[" + workers * cpus + "]"));
        }
        if (master.equals("yarn") || master.startsWith("k8s://")) {
            return Optional.of(ofInstances(conf, workers));
        }
        return Optional.empty();
    }

    /** On YARN and Kubernetes, which start a configured number of executors. */
    private static Slots ofInstances(SparkConf conf, int workers) {
        int instances = conf.getInt(INSTANCES, 2);
        int cores = conf.getInt(CORES, 1);
        int each = cores / cpus(conf);
        int count = instances * each;
        String reason = "%s=%d executors of %s=%d have %d".formatted(INSTANCES, instances, CORES, cores, count);
        String remedy = each == 0 ? CORES + "=" + cpus(conf) : INSTANCES + "=" + (workers + each - 1) / each;
        return new Slots(count, reason, remedy);
    }

    /** On the machines of a standalone cluster, if no other application uses them. */
    static Slots of(SparkConf conf, List<Machine> machines, int workers) {
        Limits limits = Limits.of(conf);
        int count = limits.slots(machines);
        String reason = "the cluster has %d (machines: %d, cores of each: %s, MB: %s)"
                .formatted(
                        count,
                        machines.size(),
                        range(machines.stream()
                                .mapToInt(Machine::cores)
                                .sorted()
                                .toArray()),
                        range(machines.stream()
                                .mapToInt(Machine::megabytes)
                                .sorted()
                                .toArray()));
        String remedy;
        if (limits.withoutTotal().slots(machines) >= workers) {
            remedy = CORES_OF_ALL + "=" + limits.coresFor(workers);
        } else if (limits.withMegabytes(0).slots(machines) >= workers) {
            remedy = "%s to less than its %d MB".formatted(MEMORY, limits.megabytes());
        } else if (limits.withoutCores().slots(machines) >= workers) {
            remedy = "%s to less than its %d".formatted(CORES, limits.cores().orElseThrow());
        } else {
            remedy = "--master to a larger cluster";
        }
        return new Slots(count, reason, remedy);
    }

    private static String range(int... sorted) {
        if (sorted.length == 0) {
            return "0";
        }
        int last = sorted[sorted.length - 1];
        return sorted[0] == last ? String.valueOf(last) : sorted[0] + " to " + last;
    }

    private static int cpus(SparkConf conf) {
        return Math.max(1, conf.getInt("spark.task.cpus", 1));
    }

    /**
     * Limits of an application on a standalone cluster.
     *
     * @param cores per executor; empty: all cores of the machine
     * @param megabytes memory per executor
     * @param total maximum number of cores of all executors
     * @param cpus cores per task
     * @param driverCores cores that the driver takes on a machine of the cluster; 0: it runs elsewhere
     */
    private record Limits(OptionalInt cores, int megabytes, OptionalInt total, int cpus, int driverCores) {
        static Limits of(SparkConf conf) {
            boolean isDriverThere =
                    conf.get("spark.submit.deployMode", "client").equals("cluster");
            return new Limits(
                    optional(conf, CORES),
                    (int) conf.getSizeAsMb(MEMORY, "1g"),
                    optional(conf, CORES_OF_ALL),
                    Slots.cpus(conf),
                    isDriverThere ? conf.getInt("spark.driver.cores", 1) : 0);
        }

        private static OptionalInt optional(SparkConf conf, String key) {
            return conf.contains(key) ? OptionalInt.of(conf.getInt(key, 1)) : OptionalInt.empty();
        }

        Limits withoutCores() {
            return new Limits(OptionalInt.empty(), megabytes, total, cpus, driverCores);
        }

        Limits withMegabytes(int count) {
            return new Limits(cores, count, total, cpus, driverCores);
        }

        Limits withoutTotal() {
            return new Limits(cores, megabytes, OptionalInt.empty(), cpus, driverCores);
        }

        /** Number of cores needed for so many tasks, in whole executors. */
        int coresFor(int tasks) {
            if (cores.isEmpty()) {
                return tasks * cpus;
            }
            int each = Math.max(1, cores.getAsInt() / cpus);
            return (tasks + each - 1) / each * cores.getAsInt();
        }

        int slots(List<Machine> machines) {
            int all = machines.stream()
                    .mapToInt(machine -> on(machine.cores(), machine))
                    .sum();
            // The driver is placed on any machine: only the smallest possible loss of slots is certain.
            int cost = driverCores == 0
                    ? 0
                    : machines.stream()
                            .filter(machine -> machine.cores() >= driverCores)
                            .mapToInt(machine ->
                                    on(machine.cores(), machine) - on(machine.cores() - driverCores, machine))
                            .min()
                            .orElse(0);
            return Math.min(all - cost, total.isEmpty() ? Integer.MAX_VALUE : ofTotal(total.getAsInt()));
        }

        private int on(int free, Machine machine) {
            if (machine.megabytes() < megabytes) {
                return 0;
            }
            if (cores.isEmpty()) {
                return free / cpus; // one executor has all cores
            }
            int byMemory = megabytes == 0 ? Integer.MAX_VALUE : machine.megabytes() / megabytes;
            return Math.min(free / cores.getAsInt(), byMemory) * (cores.getAsInt() / cpus);
        }

        private int ofTotal(int all) {
            return cores.isEmpty() ? all / cpus : all / cores.getAsInt() * (cores.getAsInt() / cpus);
        }
    }
}
