package dev.temper.spark.cluster;

import java.io.IOException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkEnv;

/** A worker failed in a way that may be worth another attempt: thrown in its task, so that Spark repeats the stage. */
final class WorkerFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    // When Spark has tried often enough, it tells the driver the last failure, with its stack trace, as text.
    private static final Pattern TOLD =
            Pattern.compile(Pattern.quote(WorkerFailedException.class.getName()) + ": ([^\\n]+)");

    WorkerFailedException(int rank, Exception cause) {
        super(place(rank) + " failed: " + reason(cause), cause);
    }

    /** Where this worker runs. */
    static String place(int rank) {
        return "worker " + rank + " on "
                + SparkEnv.get().blockManager().blockManagerId().host();
    }

    private static String reason(Exception cause) {
        String message = cause.getMessage();
        return message == null || !message.strip().contains(" ")
                ? cause.toString() // such as a NoSuchFileException: a path
                : message.lines().findFirst().orElse("");
    }

    /** What the driver says of a stage that Spark gave up, where a worker's failure is the reason. */
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
