package dev.temper.spark.cluster;

import dev.temper.check.InvalidInputException;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.spark.BarrierTaskContext;

/**
 * Communication of a barrier stage's tasks through Spark, before they have a ring and after it is broken. Spark retries
 * a stage when a task fails, but does not rerun tasks that had already succeeded, so the others would wait for them
 * forever. Therefore no task ends before all have reported how they end.
 *
 * @param patience how long a task that lost a peer waits for the reports of the others, which may hang
 */
record StageMessages(BarrierTaskContext task, Duration patience) {
    private static final String LAST = "last word: ";
    private static final String DONE = "";
    private static final String LOST = "?";

    /** A check of what a machine sees. */
    interface PlaceCheck {
        /** @throws InvalidInputException with what it does not see */
        void verify() throws IOException;
    }

    /** The message of the first worker whose check failed; empty: none. The same on all workers. */
    Optional<String> complaint(PlaceCheck place) throws IOException {
        String own = "";
        try {
            place.verify();
        } catch (InvalidInputException e) {
            own = e.getMessage();
        }
        return Arrays.stream(task.allGather(own))
                .filter(text -> !text.isEmpty())
                .findFirst();
    }

    /**
     * Waits until all tasks have reached their end.
     *
     * @param ending message of a failure that another attempt would repeat; empty: success
     * @throws IOException when a task lost a peer and none has reported the reason: the stage must be retried
     */
    void end(String ending) throws IOException {
        List<String> words = List.of(task.allGather(LAST + ending));
        if (words.contains(LAST + LOST) && failures(words).isEmpty()) {
            throw new IOException("another worker is lost");
        }
    }

    /**
     * Called instead of {@link #end} by a worker that has lost a peer: the reason that another one reports; empty if
     * none does.
     */
    Optional<String> reasonOfLoss() {
        ExecutorService waiting = Executors.newSingleThreadExecutor(work -> {
            Thread thread = new Thread(work, "temper-last-words");
            thread.setDaemon(true);
            return thread;
        });
        try {
            Future<String[]> words = waiting.submit(() -> task.allGather(LAST + LOST));
            return failures(List.of(words.get(patience.toMillis(), TimeUnit.MILLISECONDS))).stream()
                    .findFirst();
        } catch (ExecutionException | TimeoutException e) {
            return Optional.empty(); // the stage has ended, or another task hangs
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        } finally {
            waiting.shutdownNow();
        }
    }

    private static List<String> failures(List<String> words) {
        return words.stream()
                .filter(word -> word.startsWith(LAST))
                .map(word -> word.substring(LAST.length()))
                .filter(word -> !word.equals(DONE) && !word.equals(LOST))
                .toList();
    }
}
