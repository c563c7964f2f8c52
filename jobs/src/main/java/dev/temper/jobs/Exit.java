package dev.temper.jobs;

import dev.temper.check.FailedRunException;
import dev.temper.check.InvalidInputException;
import dev.temper.check.Printable;
import dev.temper.check.Secrets;
import java.util.function.IntConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

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

    /** The same command goes on; {@code EX_TEMPFAIL} of sysexits.h. */
    static final int INTERRUPTED = 75;

    // A barrier stage hands the driver an executor's failure as text only.
    private static final Pattern INVALID =
            Pattern.compile(Pattern.quote(InvalidInputException.class.getName()) + ": ([^\\n]+)");

    /** Which exit a failure is, by its causes: a user's mistake may be found on an executor. */
    static Exit of(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String message = String.valueOf(cause.getMessage());
            Matcher onExecutor = INVALID.matcher(message);
            if (cause instanceof InvalidInputException) {
                return new Exit(2, oneLine(message));
            }
            if (cause instanceof FailedRunException) {
                break; // what it came from was no mistake of the user
            }
            if (onExecutor.find()) {
                return new Exit(2, oneLine(onExecutor.group(1)));
            }
        }
        String message = failure.getMessage();
        boolean speaks = message != null && message.strip().contains(" "); // unlike a NoSuchFileException: a path
        String type = failure.getClass().getSimpleName();
        return new Exit(1, oneLine(speaks ? message : message == null ? type : type + ": " + message));
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

    // Spark's messages hold whole stack traces.
    private static String oneLine(String message) {
        String line = Secrets.masked(message) // before anything is cut off it
                .lines()
                .takeWhile(part -> !part.startsWith("\tat "))
                .map(String::strip)
                .filter(part -> !part.isEmpty())
                .collect(Collectors.joining(" "));
        return Printable.line(line);
    }
}
