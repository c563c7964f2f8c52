package dev.temper.spark.cluster;

import static dev.temper.check.Check.check;

import dev.temper.spark.cluster.StandaloneMaster.Machine;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;

/**
 * Checks within seconds, before rows are read, that a cluster can be reached and can run all workers at the same time.
 */
public final class ClusterCheck {
    private static final Duration PATIENCE = Duration.ofSeconds(8);
    private static final Duration SILENCE = Duration.ofSeconds(2);
    private static final long POLL_MILLIS = 200;

    private ClusterCheck() {}

    /**
     * Checks before a session for training is created.
     *
     * @param conf of spark-submit; without a master nothing is checked
     * @throws dev.temper.check.InvalidInputException when the cluster certainly cannot run so many workers at the same
     *     time
     * @throws IllegalStateException when the master does not answer
     */
    public static void verify(SparkConf conf, int workers) {
        verifySettings(conf, workers);
        if (isStandalone(conf)) {
            verifyMachines(conf, workers);
        } else {
            verifyMaster(conf);
        }
    }

    /**
     * Checks before a session is created that the master answers.
     *
     * @throws IllegalStateException when it does not
     */
    public static void verifyMaster(SparkConf conf) {
        if (isStandalone(conf)) {
            StandaloneMaster.machines(conf);
        } else if (conf.get("spark.master", "").equals("yarn")
                && conf.get("spark.submit.deployMode", "client").equals("client")) {
            YarnMaster.verify(conf);
        }
    }

    /** Checks that the settings alone decide. */
    static void verifySettings(SparkConf conf, int workers) {
        check(
                !conf.getBoolean("spark.dynamicAllocation.enabled", false),
                "spark.dynamicAllocation.enabled must be false: workers that train together cannot come and go");
        Slots.configured(conf, workers).ifPresent(slots -> verify(slots, workers));
    }

    private static boolean isStandalone(SparkConf conf) {
        return conf.get("spark.master", "").startsWith(StandaloneMaster.SCHEME);
    }

    /** Waits for enough machines: those of a cluster that has just been started register one by one. */
    private static void verifyMachines(SparkConf conf, int workers) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            Optional<List<Machine>> machines = StandaloneMaster.machines(conf);
            if (machines.isEmpty()) {
                return;
            }
            Slots slots = Slots.of(conf, machines.get(), workers);
            if (slots.count() >= workers) {
                return;
            }
            if (System.nanoTime() > deadline) {
                verify(slots, workers);
            }
            pause(5 * POLL_MILLIS);
        }
    }

    private static void verify(Slots slots, int workers) {
        check(
                slots.count() >= workers,
                "cluster.workers: %d workers train side by side and need a slot each, and %s: set %s%s",
                workers,
                slots.reason(),
                slots.remedy(),
                slots.count() > 0 ? ", or cluster.workers to " + slots.count() : "");
    }

    /**
     * Waits for enough executors, as long as Spark itself would wait, and reports what it is waiting for.
     *
     * @throws IllegalStateException when they do not start in time
     */
    static void awaitSlots(SparkContext context, int workers, Consumer<String> says, Interruption interruption) {
        SparkConf conf = context.conf();
        String check = "spark.scheduler.barrier.maxConcurrentTasksCheck.";
        Duration limit = Duration.ofSeconds(
                conf.getTimeAsSeconds(check + "interval", "15s") * conf.getInt(check + "maxFailures", 40));
        long start = System.nanoTime();
        int said = -1;
        int slots = slots(context);
        while (slots < workers) {
            interruption.check();
            long waited = System.nanoTime() - start;
            if (waited > limit.toNanos()) {
                throw new IllegalStateException(("cluster.workers: %d workers train side by side, and after %d s there"
                                + " are slots for %d: give the application more executors, or set cluster.workers to"
                                + " what the cluster has")
                        .formatted(workers, limit.toSeconds(), slots));
            }
            if (waited > SILENCE.toNanos() && slots != said) {
                says.accept("waiting for executors: %d of %d slots are there".formatted(slots, workers));
                said = slots;
            }
            pause(POLL_MILLIS);
            slots = slots(context);
        }
    }

    /** Number of task slots, as Spark counts them before it starts a barrier stage. */
    private static int slots(SparkContext context) {
        return context.maxNumConcurrentTasks(context.resourceProfileManager().defaultResourceProfile());
    }

    private static void pause(long millis) {
        try {
            TimeUnit.MILLISECONDS.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for executors", e);
        }
    }
}
