package dev.temper.spark.preparing;

import static dev.temper.check.Check.check;

import dev.temper.spark.cluster.LeasedFolder;
import dev.temper.spark.preparing.PreparedManifest.Part;
import dev.temper.spark.preparing.Survey.Limit;
import dev.temper.spark.preparing.Survey.Taken;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.storage.Folder;
import dev.temper.text.DataConfig;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.apache.spark.ml.Transformer;
import org.apache.spark.sql.SparkSession;

/**
 * Surveys and writes the rows of a data set. A failure leaves no files behind.
 *
 * @param folder of the data set; other commands may write to it at the same time if it is shared
 */
record PreparedWriter(DataConfig data, RowChoice choice, List<Transformer> stages, String key, Folder folder) {
    /**
     * The data set that the folder contains.
     *
     * @param isReused whether another command, which prepares the same rows, has written it in the meantime
     */
    record Written(PreparedManifest manifest, boolean isReused) {}

    /** @param firstRows fails if the first rows would be trained wrongly */
    Written write(SparkSession spark, PrepareRows rows, CompletableFuture<Void> firstRows) throws IOException {
        try (PreparedPlace place = PreparedPlace.take(placeName(), folder)) {
            Optional<PreparedManifest> found = PreparedManifest.find(folder, key);
            if (found.isPresent()) {
                return new Written(found.get(), true);
            }
            boolean isWritten = false;
            try {
                LeasedFolder leased = place.onCluster(spark);
                Survey survey = rows.survey(choice);
                check(
                        survey.read() > 0,
                        "data: %s has no rows",
                        data.train().get(0).name());
                firstRows.join();
                PartCounts counts = parts(rows, survey, leased, place);
                new Refusals(data).verify(counts.rows(), counts.examples());
                PreparedManifest manifest =
                        counts.manifest(key, survey.read() - counts.rows().in());
                place.checkHeld();
                manifest.write(folder);
                isWritten = true;
                return new Written(manifest, false);
            } finally {
                if (!isWritten) {
                    place.clear();
                }
            }
        }
    }

    /** Description of the folder by its key in the recipe. */
    private String placeName() {
        Optional<String> named = data.prepared()
                .map(place -> new Folder(folder.store(), HadoopStore.resolve(place)).location(key))
                .filter(folder.location()::equals);
        return named.isPresent() ? "data.prepared" : "output";
    }

    /** Writes the parts; a second time if the only row to evaluate on turns out to be rejected. */
    private PartCounts parts(PrepareRows rows, Survey survey, LeasedFolder leased, PreparedPlace place)
            throws IOException {
        Limit limit = new Limit(
                data.maxTrainRows(), data.maxEvalRows(), data.balanceBy().isPresent());
        boolean mustEvaluate = data.evalFraction() > 0 && data.maxEvalRows().orElse(1) > 0;
        Taken taken = survey.take(choice, limit, mustEvaluate);
        while (true) {
            place.clear(); // files of an interrupted run
            PartCounts counts = rows.write(leased, survey, taken, stages);
            RowCounts found = counts.rows();
            check(
                    found.in() == taken.rows(),
                    "data: %d rows were to be prepared and %d were: a stage drops or adds rows, or a file"
                            + " changed while it was read",
                    taken.rows(),
                    found.in());
            verify(counts);
            if (!mustEvaluate || found.evaluated() > 0 || found.trained() < 2) {
                return counts;
            }
            taken = new Taken(taken.choice().evaluatingUpTo(counts.smallestHash()), taken.rows());
        }
    }

    // A task that Spark gave up may have been killed while it moved its file into place.
    private void verify(PartCounts counts) throws IOException {
        for (Part part : Stream.concat(counts.files().stream(), counts.rejectedFiles().stream())
                .toList()) {
            Optional<Long> bytes = folder.bytes(part.name());
            if (bytes.isEmpty()) {
                throw new IOException(
                        folder.location(part.name()) + " is not there, though an executor has just written"
                                + " it: not all machines see the same folder");
            }
            if (bytes.get() != part.bytes()) {
                throw new IOException(folder.location(part.name()) + " is not as it was written: run again");
            }
        }
    }
}
