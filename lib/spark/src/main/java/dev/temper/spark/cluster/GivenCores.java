package dev.temper.spark.cluster;

import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;

/** Cores that Spark or the user gave to a process, whatever its machine has besides. */
public final class GivenCores {
    private static final String CORES = "spark.executor.cores";
    private static final String DRIVER = "driver"; // the id of an executor in the driver's own process
    private static final String TASK_CPUS = "spark.task.cpus";
    private static final Pattern LOCAL = Pattern.compile("local(?:\\[(\\d+|\\*)(?:,\\d+)?])?");
    // Standalone, YARN and Kubernetes all start an executor with its cores, also where spark.executor.cores is not set.
    private static final Pattern EXECUTOR = Pattern.compile("\\S*ExecutorBackend .*--cores (\\d+)\\b.*");

    private GivenCores() {}

    /**
     * Threads of one of the workers in this executor: {@code spark.task.cpus} where the user set it, else a share of
     * the executor's cores.
     *
     * @param workers in this executor
     */
    static int ofWorker(long workers) {
        SparkConf conf = SparkEnv.get().conf();
        return conf.contains(TASK_CPUS) ? conf.getInt(TASK_CPUS, 1) : (int) Math.max(1, ofExecutor() / workers);
    }

    /** Cores of the executor that this is, which all its tasks share; in local mode those of the master's URL. */
    public static int ofExecutor() {
        SparkEnv environment = SparkEnv.get();
        int machine = Runtime.getRuntime().availableProcessors();
        OptionalInt given = environment.executorId().equals(DRIVER)
                ? ofMaster(environment.conf())
                : ofCommand(System.getProperty("sun.java.command", ""), environment.conf());
        return Math.min(machine, given.orElse(machine)); // slots may be more than there are processors
    }

    /** Whether executors are this process, as SparkContext has it; {@code local-cluster} starts others. */
    public static boolean isLocal(SparkConf conf) {
        String master = conf.get("spark.master", "local");
        return master.equals("local") || master.startsWith("local[");
    }

    /** Cores of a driver that computes itself, before or without a session. */
    public static int ofDriver(SparkConf conf) {
        int machine = Runtime.getRuntime().availableProcessors();
        OptionalInt given = conf.get("spark.submit.deployMode", "client").equals("cluster")
                ? OptionalInt.of(conf.getInt("spark.driver.cores", 1))
                : ofMaster(conf);
        return Math.min(machine, given.orElse(machine));
    }

    /** Of {@code local} and {@code local[N]}; empty where they are the machine's, and for a cluster. */
    static OptionalInt ofMaster(SparkConf conf) {
        Matcher local = LOCAL.matcher(conf.get("spark.master", ""));
        if (!local.matches() || "*".equals(local.group(1))) {
            return OptionalInt.empty();
        }
        return OptionalInt.of(local.group(1) == null ? 1 : Integer.parseInt(local.group(1)));
    }

    /** @param command that this process was started with: its main class and arguments */
    static OptionalInt ofCommand(String command, SparkConf conf) {
        Matcher executor = EXECUTOR.matcher(command);
        if (executor.matches()) {
            return OptionalInt.of(Integer.parseInt(executor.group(1)));
        }
        return conf.contains(CORES) ? OptionalInt.of(conf.getInt(CORES, 1)) : OptionalInt.empty();
    }
}
