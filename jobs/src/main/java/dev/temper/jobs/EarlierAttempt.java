package dev.temper.jobs;

import dev.temper.spark.storage.HadoopStore;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.util.Optional;

/**
 * What an earlier attempt of this YARN application ended with. YARN starts a driver that failed in cluster mode again,
 * and cannot be told that a mistake of the user is nothing to try twice: the first attempt leaves its sentence in the
 * application's own folder, which goes with the application.
 */
final class EarlierAttempt {
    private static final String MISTAKE = "temper-mistake";

    private EarlierAttempt() {}

    /** The sentence of its mistake; empty on the first attempt, after another failure, and elsewhere than on YARN. */
    static Optional<String> mistake(HadoopStore store) {
        Optional<Folder> folder = folder(store);
        try {
            return folder.isPresent() && folder.get().has(MISTAKE)
                    ? Optional.of(folder.get().readText(MISTAKE))
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty(); // then the attempt finds out by itself
        }
    }

    /** Leaves the sentence for the next attempt. */
    static void leave(HadoopStore store, String mistake) {
        folder(store).ifPresent(folder -> {
            try {
                folder.writeText(MISTAKE, mistake);
            } catch (IOException e) {
                Console.warn("another attempt will make the same mistake: " + HadoopStore.reason(e));
            }
        });
    }

    private static Optional<Folder> folder(HadoopStore store) {
        boolean isDriverThere =
                System.getProperty("spark.submit.deployMode", "client").equals("cluster");
        return Optional.ofNullable(System.getenv("SPARK_YARN_STAGING_DIR"))
                .filter(location -> isDriverThere)
                .map(store::folder);
    }
}
