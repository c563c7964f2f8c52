package dev.temper.spark.cluster;

import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;

/** The number of cores assigned to this process by Spark or the user, which may be less than the machine has. */
public final class GivenCores {
    private static final String CORES = "spark.executor.cores";
    private static final String DRIVER = "driver"; // executor id of a driver that runs tasks itself
    private static final String TASK_CPUS = "spark.task.cpus";
    private static final Pattern LOCAL = Pattern.compile("local(?:\\[(\\d+|\\*)(?:,\\d+)?])?");
    // Standalone, YARN and Kubernetes pass an executor's cores on its command line, also without spark.executor.cores.
    private static final Pattern EXECUTOR = Pattern.compile("\\S*ExecutorBackend .*--cores (\\d+)\\b.*");

    private GivenCores() {}

    /**
     * Number of threads for one of the workers in this executor: {@code spark.task.cpus} if the user set it, otherwise
     * an equal share of the executor's cores.
     *
     * @param workers number of workers in this executor
     */
    static int ofWorker(long workers) {
        SparkConf conf = SparkEnv.get().conf();
        return conf.contains(TASK_CPUS) ? conf.getInt(TASK_CPUS, 1) : (int) Math.max(1, ofExecutor() / workers);
    }

    /** Number of cores of this executor, which all of its tasks share; in local mode that of the master URL. */
    public static int ofExecutor() {
        SparkEnv environment = SparkEnv.get();
        int machine = Runtime.getRuntime().availableProcessors();
        OptionalInt given = environment.executorId().equals(DRIVER)
                ? ofMaster(environment.conf())
                : ofCommand(System.getProperty("sun.java.command", ""), environment.conf());
        return Math.min(machine, given.orElse(machine)); // there may be more task slots than processors
    }

    /** Whether tasks run in this process, as SparkContext defines it; {@code local-cluster} starts other processes. */
    public static boolean isLocal(SparkConf conf) {
        String master = conf.get("spark.master", "local");
        return master.equals("local") || master.startsWith("local[");
    }

    /** Number of cores for a driver that computes itself, with or without a session. */
    public static int ofDriver(SparkConf conf) {
        int machine = Runtime.getRuntime().availableProcessors();
        OptionalInt given = conf.get("spark.submit.deployMode", "client").equals("cluster")
                ? OptionalInt.of(conf.getInt("spark.driver.cores", 1))
                : ofMaster(conf);
        return Math.min(machine, given.orElse(machine));
    }

    /** From a master {@code local} or {@code local[N]}; empty for {@code local[*]} and for a cluster. */
    static OptionalInt ofMaster(SparkConf conf) {
        Matcher local = LOCAL.matcher(conf.get("spark.master", ""));
        if (!local.matches() || "*".equals(local.group(1))) {
            return OptionalInt.empty();
        }
        return OptionalInt.of(local.group(1) == null ? 1 : Integer.parseInt(local.group(1)));
    }

    /** @param command with which this process was started: main class and arguments */
    static OptionalInt ofCommand(String command, SparkConf conf) {
        Matcher executor = EXECUTOR.matcher(command);
        if (executor.matches()) {
            return OptionalInt.of(Integer.parseInt(executor.group(1)));
        }
        return conf.contains(CORES) ? OptionalInt.of(conf.getInt(CORES, 1)) : OptionalInt.empty();
    }
}
