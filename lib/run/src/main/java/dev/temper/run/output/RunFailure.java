package dev.temper.run.output;

import dev.temper.check.FailedRunException;
import dev.temper.check.InvalidInputException;
import dev.temper.check.Printable;
import dev.temper.check.Secrets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What a failure comes to.
 *
 * @param code of the process that ends with it: 1 failed while running, 2 a mistake of the user, 75 interrupted
 * @param message one line for people
 */
public record RunFailure(int code, String message) {
    /** {@code EX_TEMPFAIL} of sysexits.h: the same command goes on. */
    public static final int INTERRUPTED = 75;

    // A barrier stage hands the driver an executor's failure as text only.
    private static final Pattern INVALID =
            Pattern.compile(Pattern.quote(InvalidInputException.class.getName()) + ": ([^\\n]+)");

    /** By its causes: a user's mistake may be found on an executor. */
    public static RunFailure of(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String message = String.valueOf(cause.getMessage());
            Matcher onExecutor = INVALID.matcher(message);
            if (cause instanceof InvalidInputException) {
                return new RunFailure(2, oneLine(message));
            }
            if (cause instanceof FailedRunException) {
                break; // what it came from was no mistake of the user
            }
            if (onExecutor.find()) {
                return new RunFailure(2, oneLine(onExecutor.group(1)));
            }
        }
        String message = failure.getMessage();
        boolean speaks = message != null && message.strip().contains(" "); // unlike a NoSuchFileException: a path
        String type = failure.getClass().getSimpleName();
        return new RunFailure(1, oneLine(speaks ? message : message == null ? type : type + ": " + message));
    }

    /** The same of what was asked to end early: all that went wrong then went wrong for that. */
    public RunFailure interrupted() {
        return new RunFailure(INTERRUPTED, message);
    }

    boolean isInterruption() {
        return code == INTERRUPTED;
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
