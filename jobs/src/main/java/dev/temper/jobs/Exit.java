package dev.temper.jobs;

import dev.temper.run.output.RunFailure;
import java.util.function.IntConsumer;

/**
 * How the process ends. In local and client mode by {@code System.exit}, for 0 too: after a barrier stage a thread of
 * Spark keeps the JVM alive. In cluster mode never: there YARN takes {@code System.exit(0)} for a failure and runs the
 * whole job again, so the main returns, or throws what went wrong.
 *
 * @param code 0 done, 1 failed while running, 2 a mistake of the user, 75 interrupted
 * @param message one line for people, empty when done
 */
record Exit(int code, String message) {
    static final Exit DONE = new Exit(0, "");

    /** The same command goes on. */
    static final int INTERRUPTED = RunFailure.INTERRUPTED;

    /** Which exit a failure is. */
    static Exit of(Throwable failure) {
        RunFailure failed = RunFailure.of(failure);
        return new Exit(failed.code(), failed.message());
    }

    /** Ends the process, or the main method where Spark's cluster owns the process. */
    void leave() {
        leave(System.getProperty("spark.submit.deployMode", "client"), System::exit);
    }

    void leave(String deployMode, IntConsumer exit) {
        System.out.flush();
        System.err.flush();
        if (!deployMode.equals("cluster")) {
            exit.accept(code);
        } else if (code != 0) {
            throw new IllegalStateException(message + " (exit code " + code + ")");
        }
    }
}
