package dev.temper.spark.preparing;

import static dev.temper.check.Check.invalid;

import dev.temper.check.FailedRunException;
import dev.temper.spark.cluster.LeasedFolder;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.storage.Folder;
import dev.temper.storage.Lease;
import java.io.IOException;
import java.io.InterruptedIOException;
import org.apache.spark.sql.SparkSession;

/** Where a data set is prepared: nobody else writes there meanwhile, and all machines see the same folder. */
public final class PreparedPlace implements AutoCloseable {
    private final String key;
    private final Lease lease;

    private PreparedPlace(String key, Lease lease) {
        this.key = key;
        this.lease = lease;
    }

    /**
     * Waits for the end of another command that writes there.
     *
     * @param key of the recipe that names the place
     * @throws dev.temper.check.InvalidInputException when the folder cannot be written
     */
    public static PreparedPlace take(String key, Folder folder) throws IOException {
        try {
            Lease lease = Lease.await(folder, text -> System.err.println("temper: " + key + ": " + text));
            return new PreparedPlace(key, lease);
        } catch (InterruptedIOException e) {
            throw e;
        } catch (IOException e) {
            throw invalid(
                    "%s: %s cannot be written: %s; name another folder", key, folder.location(), HadoopStore.reason(e));
        }
    }

    /** @throws dev.temper.check.InvalidInputException when not all machines of the cluster see it */
    public LeasedFolder onCluster(SparkSession spark) throws IOException {
        LeasedFolder folder = new LeasedFolder(HadoopStore.of(spark), key, lease.claim());
        folder.verifyOnCluster(spark.sparkContext());
        return folder;
    }

    /** @throws FailedRunException saying why, when it is not this command's any more */
    void checkHeld() {
        try {
            lease.checkHeld();
        } catch (FailedRunException e) {
            throw new FailedRunException(key + ": " + e.getMessage(), e);
        }
    }

    /**
     * Deletes all that lies there.
     *
     * @throws FailedRunException as {@link #checkHeld}: whatever failed before, failed for that
     */
    public void clear() throws IOException {
        checkHeld();
        lease.clear();
    }

    @Override
    public void close() throws IOException {
        lease.close();
    }
}
