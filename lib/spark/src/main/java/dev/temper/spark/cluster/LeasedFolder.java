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
 * A folder on which a command holds a {@link Lease}, as it is accessed from other machines. The file of the lease's
 * claim has a unique name and exists while the command is running, so a machine that finds it sees the same folder. A
 * local folder with the same path on another machine does not contain it, and neither does the empty mount point of a
 * file system that was unmounted.
 *
 * @param store as executors access it
 * @param key of the recipe, or option of the command line, that names the folder
 * @param claim location of the claim's file
 */
public record LeasedFolder(HadoopStore store, String key, String claim) implements Serializable {
    private static final String ADVICE = "set %s to a location that all machines see, such as s3a:// or hdfs://, or a"
            + " folder on a mount that they share";

    /**
     * The result of the check on an executor.
     *
     * @param file location of the file that it wrote
     * @param failure empty: none
     */
    private record Answer(String host, String file, String failure) implements Serializable {}

    /** Runs a task on executors, at least once on each. */
    private interface Stage {
        List<Answer> run(BarrierTraining.Task<Answer> task);
    }

    String location() {
        return claim.substring(0, claim.lastIndexOf('/'));
    }

    /** The folder. On any machine, no file can be created in it where the claim is not visible. */
    public Folder folder() {
        return Lease.guarded(store.folder(location()), claim);
    }

    /** @throws InvalidInputException when this executor sees another folder at this path, or none */
    public void checkSeen() throws IOException {
        if (!isSeen()) {
            throw unseen(key, location());
        }
    }

    private boolean isSeen() throws IOException {
        return store.find(claim).isPresent();
    }

    /** The exception for an executor that does not see what the driver has written. */
    public static InvalidInputException unseen(String key, String location) {
        return invalid("%s: %s; " + ADVICE, key, notSeen(location), key);
    }

    /**
     * Checks in a stage of one task per worker that each sees the driver's file, and that the driver sees each task's
     * file.
     *
     * @param says receives a sentence when executors are waited for
     * @throws InvalidInputException when one of them does not
     */
    public void verifyAmongWorkers(SparkContext context, int workers, Consumer<String> says, Interruption interruption)
            throws IOException {
        if (context.isLocal()) {
            return; // local mode: there is only this process
        }
        ClusterCheck.verifySettings(context.conf(), workers);
        ClusterCheck.awaitSlots(context, workers, says, interruption);
        verify(task -> BarrierTraining.sideBySide(context, workers, task, Answer.class));
    }

    /** As {@link #verifyAmongWorkers}, with one task per core of the cluster, for commands without workers. */
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
                    stage.run(this::withdraw); // the answers lie where only the executors see them
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

    /** Writes an answer only if the driver's file is visible, so that no file is left on an unrelated disk. */
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
