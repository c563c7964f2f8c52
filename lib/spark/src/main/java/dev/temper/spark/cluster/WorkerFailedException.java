package dev.temper.spark.cluster;

import java.io.IOException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkEnv;

/**
 * A worker's failure that another attempt may not repeat. It is thrown in the task, so that Spark retries the stage.
 */
final class WorkerFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    // After the last attempt Spark gives the driver the last failure and its stack trace as text.
    private static final Pattern TOLD =
            Pattern.compile(Pattern.quote(WorkerFailedException.class.getName()) + ": ([^\\n]+)");

    WorkerFailedException(int rank, Exception cause) {
        super(place(rank) + " failed: " + reason(cause), cause);
    }

    /** Rank and host of this worker, for messages. */
    static String place(int rank) {
        return "worker " + rank + " on "
                + SparkEnv.get().blockManager().blockManagerId().host();
    }

    private static String reason(Exception cause) {
        String message = cause.getMessage();
        return message == null || !message.strip().contains(" ")
                ? cause.toString() // the message of a NoSuchFileException, for example, is only a path
                : message.lines().findFirst().orElse("");
    }

    /**
     * The failure of a worker, parsed from the exception of a stage that Spark gave up; empty if it has another reason.
     */
    static Optional<IOException> told(Exception stage) {
        for (Throwable cause = stage; cause != null; cause = cause.getCause()) {
            Matcher told = TOLD.matcher(String.valueOf(cause.getMessage()));
            if (told.find()) {
                return Optional.of(new IOException(told.group(1) + ", in each attempt", stage));
            }
        }
        return Optional.empty();
    }
}
