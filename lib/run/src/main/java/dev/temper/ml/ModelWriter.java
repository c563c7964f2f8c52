package dev.temper.ml;

import static dev.temper.check.Check.check;

import dev.temper.spark.storage.HadoopStore;
import dev.temper.storage.Folder;
import dev.temper.storage.Store;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.List;
import org.apache.spark.ml.param.Params;
import org.apache.spark.ml.util.DefaultParamsWriter;
import org.apache.spark.ml.util.MLWriter;
import org.apache.spark.sql.SparkSession;
import scala.Option;

/** Copies what a run has written, but prepared rows and checkpoints, into a folder with Spark's metadata. */
final class ModelWriter extends MLWriter {
    /** The manifest last: without it nothing is loaded. */
    private static final List<String> WRITTEN =
            List.of("adapter", "model", "metrics", "evaluation", "report.html", "run.yaml", "manifest.json");

    private final Params model;
    private final String place;

    /** @param place the run's output */
    ModelWriter(Params model, String place) {
        this.model = model;
        this.place = place;
    }

    @Override
    public void save(String path) throws IOException {
        String target = HadoopStore.resolve(path);
        check(
                !(place + "/").startsWith(target + "/") && !(target + "/").startsWith(place + "/"),
                "%s and the model's own folder %s lie one in the other: name another folder to save it in",
                target,
                place);
        super.save(path);
    }

    @Override
    public void saveImpl(String path) {
        HadoopStore store = HadoopStore.of(sparkSession());
        Folder from = store.folder(place);
        Folder to = store.folder(HadoopStore.resolve(path));
        DefaultParamsWriter.saveMetadata(model, path, sparkSession().sparkContext(), Option.empty(), Option.empty());
        try {
            for (String name : WRITTEN) {
                if (from.bytes(name).isPresent()) {
                    copy(from, to, name);
                } else {
                    copyAll(from.child(name), to.child(name));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static boolean hasMetadata(SparkSession spark, String path) {
        try {
            return HadoopStore.of(spark).folder(HadoopStore.resolve(path)).has("metadata");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void copyAll(Folder from, Folder to) throws IOException {
        for (Store.Entry entry : from.list()) {
            if (entry.isFolder()) {
                copyAll(from.child(entry.name()), to.child(entry.name()));
            } else {
                copy(from, to, entry.name());
            }
        }
    }

    private static void copy(Folder from, Folder to, String name) throws IOException {
        try (InputStream in = from.read(name);
                OutputStream out = to.write(name)) {
            in.transferTo(out);
        }
    }
}
