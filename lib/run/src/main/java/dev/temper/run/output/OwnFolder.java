package dev.temper.run.output;

import static dev.temper.check.Check.invalid;

import dev.temper.check.FailedRunException;
import dev.temper.spark.cluster.Interruption;
import dev.temper.spark.cluster.LeasedFolder;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.storage.Folder;
import dev.temper.storage.Lease;
import dev.temper.storage.Store;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;
import org.apache.hadoop.util.ShutdownHookManager;
import org.apache.spark.sql.SparkSession;

/**
 * A folder that one command alone writes into: taken before anything is written, given back however the command ends.
 * It finds out, too, that nothing can be written there while nothing has been paid for.
 */
public final class OwnFolder implements AutoCloseable {
    private static final int AFTER_SPARK = 20; // which ends at 40; file systems are closed at 10

    private final String key;
    private final Folder folder;
    private final Lease lease;
    private final boolean wasEmpty;
    private final Runnable onExit = this::closeQuietly;

    private OwnFolder(String key, Folder folder, Lease lease) throws IOException {
        this.key = key;
        this.folder = folder;
        this.lease = lease;
        this.wasEmpty = files(folder).isEmpty();
    }

    /**
     * Waits up to half a minute where another that held the folder may be dead.
     *
     * @param key of the recipe, or option, that names the folder
     * @param warnings gets a sentence when another must be waited for
     * @throws dev.temper.check.InvalidInputException when another command writes there, or it cannot be written
     */
    public static OwnFolder take(String key, Folder folder, Consumer<String> warnings) throws IOException {
        Lease lease;
        try {
            lease = Lease.take(folder, text -> warnings.accept(key + ": " + text));
        } catch (Lease.HeldException e) {
            throw invalid(
                    "%s: %s is being written by %s; wait for its end, or name another folder",
                    key, folder.location(), e.owner());
        } catch (IOException | RuntimeException e) {
            throw invalid(
                    "%s: %s cannot be written: %s; name another folder", key, folder.location(), HadoopStore.reason(e));
        }
        OwnFolder own = new OwnFolder(key, folder, lease);
        ShutdownHookManager.get().addShutdownHook(own.onExit, AFTER_SPARK); // Ctrl-C
        return own;
    }

    /** What lies in a folder besides what says whose it is. */
    public static List<Store.Entry> files(Folder folder) throws IOException {
        return folder.list().stream()
                .filter(entry -> !Lease.isPart(entry.name()))
                .toList();
    }

    /** The folder; no file is begun in it once it was taken over by another, or has gone. */
    public Folder folder() {
        return Lease.guarded(folder, lease.claim());
    }

    /** The same folder for the cluster's machines. */
    public LeasedFolder onCluster(SparkSession spark) {
        return new LeasedFolder(HadoopStore.of(spark), key, lease.claim());
    }

    /**
     * Lets so many workers look at the folder side by side.
     *
     * @param says gets a sentence when executors are waited for
     * @throws dev.temper.check.InvalidInputException when not all of them see it
     */
    public void verifyAmongWorkers(SparkSession spark, int workers, Consumer<String> says) throws IOException {
        onCluster(spark).verifyAmongWorkers(spark.sparkContext(), workers, says, Interruption.ofProcess());
    }

    /** Ends what Spark does for this command when the folder is taken over by another, or taken away. */
    public void cancelsWhenLost(SparkSession spark) {
        lease.onLoss(() -> {
            if (!spark.sparkContext().isStopped()) {
                spark.sparkContext().cancelAllJobs();
            }
        });
    }

    /** @throws FailedRunException saying why, when it is not this command's any more */
    public void checkHeld() {
        try {
            lease.checkHeld();
        } catch (FailedRunException e) {
            throw new FailedRunException(key + ": " + e.getMessage(), e);
        }
    }

    /** Takes back what a command that could not begin has written; {@link #close} takes the folders made for it. */
    public void undo() throws IOException {
        checkHeld();
        if (wasEmpty) {
            lease.clear();
        }
    }

    @Override
    public void close() throws IOException {
        if (!ShutdownHookManager.get().isShutdownInProgress()) {
            ShutdownHookManager.get().removeShutdownHook(onExit);
        }
        lease.close();
    }

    private void closeQuietly() {
        try {
            close();
        } catch (IOException | RuntimeException e) {
            return; // the process ends: others see that it did
        }
    }
}
