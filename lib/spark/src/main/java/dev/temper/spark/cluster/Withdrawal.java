package dev.temper.spark.cluster;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.SparkSession;
import scala.Option;

/**
 * Ends a command that reads, prepares or computes and has nothing to save: cancels Spark's jobs, then interrupts the
 * command's thread, and ends the process if the thread does not react.
 */
public final class Withdrawal implements AutoCloseable {
    private static final Duration JOBS = Duration.ofSeconds(2);
    private static final Duration THREAD = Duration.ofSeconds(15);

    private final Thread command;
    private final Runnable end;
    private final Interruption.Scope scope;
    private final CountDownLatch isOver = new CountDownLatch(1);

    /**
     * Registers itself as the handler of the request, for the calling thread.
     *
     * @param end ends the process
     */
    public Withdrawal(Interruption interruption, Runnable end) {
        this.command = Thread.currentThread();
        this.end = end;
        this.scope = interruption.answering(this::begin);
    }

    private void begin() {
        Thread thread = new Thread(this::withdraw, "temper-withdrawal");
        thread.setDaemon(true);
        thread.start();
    }

    private void withdraw() {
        if (cancelJobs() && isOver(JOBS)) {
            return;
        }
        cancelJobs(); // jobs that were started in the meantime
        command.interrupt();
        if (!isOver(THREAD)) {
            end.run();
        }
    }

    private boolean isOver(Duration limit) {
        try {
            return isOver.await(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true; // the command ended before it was interrupted
        }
    }

    /** Cancels all jobs; returns whether there may be any. */
    private static boolean cancelJobs() {
        Option<SparkSession> session = SparkSession.getDefaultSession();
        if (session.isEmpty()) {
            return false;
        }
        try {
            session.get().sparkContext().cancelAllJobs();
            return true;
        } catch (IllegalStateException e) {
            return false; // Spark has stopped
        }
    }

    /** The command has ended; from here on it is not interrupted. */
    @Override
    public void close() {
        isOver.countDown();
        scope.close();
    }
}
