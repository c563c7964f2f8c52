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

/**
 * The lease on the folder in which a data set is prepared: no other command writes there at the same time, and all
 * machines are known to see the same folder.
 */
public final class PreparedPlace implements AutoCloseable {
    private final String key;
    private final Lease lease;

    private PreparedPlace(String key, Lease lease) {
        this.key = key;
        this.lease = lease;
    }

    /**
     * Takes the lease; waits while another command holds it.
     *
     * @param key of the recipe that names the location
     * @throws dev.temper.check.InvalidInputException when the folder is not writable
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

    /** @throws dev.temper.check.InvalidInputException when a machine of the cluster does not see the folder */
    public LeasedFolder onCluster(SparkSession spark) throws IOException {
        LeasedFolder folder = new LeasedFolder(HadoopStore.of(spark), key, lease.claim());
        folder.verifyOnCluster(spark.sparkContext());
        return folder;
    }

    /** @throws FailedRunException with the reason, when the lease is lost */
    void checkHeld() {
        try {
            lease.checkHeld();
        } catch (FailedRunException e) {
            throw new FailedRunException(key + ": " + e.getMessage(), e);
        }
    }

    /**
     * Deletes everything in the folder.
     *
     * @throws FailedRunException as {@link #checkHeld}, as the loss of the lease is then the cause of other failures
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
