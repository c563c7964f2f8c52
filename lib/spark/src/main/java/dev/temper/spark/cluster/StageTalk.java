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
 * What the tasks of a barrier stage say to each other through Spark before they have a ring and after it broke. Spark
 * repeats a stage when one of its tasks fails, but never a task that ended well after that: the others would wait for
 * it for ever. So none ends before all have said how.
 *
 * @param patience how long a task that lost another waits for the others' last words; the other may hang
 */
record StageTalk(BarrierTaskContext task, Duration patience) {
    private static final String LAST = "last word: ";
    private static final String DONE = "";
    private static final String LOST = "?";

    /** A look at what a machine sees. */
    interface PlaceCheck {
        /** @throws InvalidInputException saying what it does not see */
        void verify() throws IOException;
    }

    /** What is wrong with the place of any of the workers; empty: nothing. The same for all of them. */
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
     * Waits until all have come to their end.
     *
     * @param ending what another attempt would only repeat; empty: this worker is done
     * @throws IOException when one of them lost another, and none says why: the stage must be repeated
     */
    void end(String ending) throws IOException {
        List<String> words = List.of(task.allGather(LAST + ending));
        if (words.contains(LAST + LOST) && failures(words).isEmpty()) {
            throw new IOException("another worker is lost");
        }
    }

    /** Instead of {@link #end}, where this worker only knows that it lost another: why; empty when none says. */
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
            return Optional.empty(); // the stage has ended meanwhile, or another hangs
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
