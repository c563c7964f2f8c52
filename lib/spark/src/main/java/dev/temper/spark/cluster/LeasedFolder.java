package dev.temper.spark.cluster;

import static dev.temper.check.Check.invalid;

import dev.temper.check.InvalidInputException;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.storage.Folder;
import dev.temper.storage.Lease;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * A folder that a command has taken by a {@link Lease}, as other machines look for it. The lease's claim is a file of a
 * name that nobody else chooses and lies there while the command writes: who finds it sees the same folder. A folder of
 * the same path on another machine does not have it, nor what a mount that has gone leaves behind.
 *
 * @param store as executors reach it
 * @param key of the recipe, or option of the command line, that names the folder
 * @param claim location of the file
 */
public record LeasedFolder(HadoopStore store, String key, String claim) implements Serializable {
    private static final String ADVICE = "set %s to a location that all machines see, such as s3a:// or hdfs://, or a"
            + " folder on a mount that they share";

    /**
     * What an executor finds.
     *
     * @param file location of what it wrote
     * @param failure empty: none
     */
    private record Answer(String host, String file, String failure) implements Serializable {}

    /** Lets executors run a task, each at least once. */
    private interface Stage {
        List<Answer> run(BarrierTraining.Task<Answer> task);
    }

    String location() {
        return claim.substring(0, claim.lastIndexOf('/'));
    }

    /** The folder; no file is begun in it, on any machine, where the claim is not. */
    public Folder folder() {
        return Lease.guarded(store.folder(location()), claim);
    }

    /** @throws InvalidInputException when this executor sees another folder, or none */
    public void checkSeen() throws IOException {
        if (!isSeen()) {
            throw unseen(key, location());
        }
    }

    private boolean isSeen() throws IOException {
        return store.find(claim).isPresent();
    }

    /** What an executor says that does not find at a location what the driver has written there. */
    public static InvalidInputException unseen(String key, String location) {
        return invalid("%s: %s; " + ADVICE, key, notSeen(location), key);
    }

    /**
     * Lets each of so many workers find what the driver wrote, and the driver what each of them writes.
     *
     * @param says gets a sentence when executors are waited for
     * @throws InvalidInputException when one of them does not
     */
    public void verifyAmongWorkers(SparkContext context, int workers, Consumer<String> says, Interruption interruption)
            throws IOException {
        if (context.isLocal()) {
            return; // all of it is this process
        }
        ClusterCheck.verifySettings(context.conf(), workers);
        ClusterCheck.awaitSlots(context, workers, says, interruption);
        verify(task -> BarrierTraining.sideBySide(context, workers, task, Answer.class));
    }

    /** As {@link #verifyAmongWorkers}, with a task for each core there is now, where no workers will be. */
    public void verifyOnCluster(SparkContext context) throws IOException {
        if (context.isLocal()) {
            return;
        }
        int cores = context.defaultParallelism();
        List<Integer> tasks = IntStream.range(0, cores).boxed().toList();
        verify(task -> new JavaSparkContext(context)
                .parallelize(tasks, cores)
                .mapPartitions(none -> List.of(task.run()).iterator())
                .collect());
    }

    private void verify(Stage stage) throws IOException {
        List<String> written = new ArrayList<>();
        try {
            for (Answer answer : stage.run(this::answer)) {
                if (!answer.failure().isEmpty()) {
                    throw invalid("%s: %s; " + ADVICE, key, answer.failure(), key);
                }
                if (store.find(answer.file()).isEmpty()) {
                    stage.run(this::withdraw); // it lies where only they see it
                    throw invalid(
                            "%s: the driver does not see what the executor on %s writes to %s; " + ADVICE,
                            key,
                            answer.host(),
                            location(),
                            key);
                }
                written.add(answer.file());
            }
        } finally {
            for (String file : written) {
                store.delete(file);
            }
        }
    }

    /** Written only where the driver's file is: nothing stays behind on a disk that nobody knows of. */
    private Answer answer() {
        String file = answerFile();
        try {
            if (!isSeen()) {
                return new Answer(host(), file, notSeen(location()));
            }
            store.folder(location()).writeText(name(file), "an executor of Temper writes here\n");
            return new Answer(host(), file, "");
        } catch (IOException | RuntimeException e) {
            String failure =
                    "the executor on %s cannot use %s: %s".formatted(host(), location(), HadoopStore.reason(e));
            return new Answer(host(), file, failure);
        }
    }

    private Answer withdraw() {
        String file = answerFile();
        try {
            store.delete(file);
            return new Answer(host(), file, "");
        } catch (IOException | RuntimeException e) {
            return new Answer(host(), file, String.valueOf(e.getMessage()));
        }
    }

    private String answerFile() {
        return Lease.answer(claim, SparkEnv.get().executorId());
    }

    private static String name(String file) {
        return file.substring(file.lastIndexOf('/') + 1);
    }

    private static String notSeen(String location) {
        return "the executor on %s does not see %s as the driver does".formatted(host(), location);
    }

    private static String host() {
        return SparkEnv.get().blockManager().blockManagerId().host();
    }
}
