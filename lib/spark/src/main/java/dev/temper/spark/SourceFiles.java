package dev.temper.spark;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import dev.temper.storage.Store;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;

/** The files of one location: the file itself, or all files of one kind in the folder and below. */
record SourceFiles(String location, Kind kind, List<SourceFile> files) {
    private static final long BYTES_PER_PARTITION = 32L << 20;
    private static final int MAX_PARTITIONS = 10_000;

    /** @param source how rows name it: the location as the user wrote it, and the file's name below it */
    record SourceFile(String source, String location, long bytes, long modified) implements Serializable {}

    /** How a file is read, by the end of its name. */
    enum Kind {
        CSV("(?i).*\\.csv(\\.gz)?"),
        JSON_LINES("(?i).*\\.(jsonl|json|ndjson)(\\.gz)?"),
        PARQUET("(?i).*\\.parquet");

        private final String names;

        Kind(String names) {
            this.names = names;
        }

        static Optional<Kind> of(String name) {
            return Arrays.stream(values())
                    .filter(kind -> name.matches(kind.names))
                    .findFirst();
        }
    }

    static SourceFiles find(HadoopStore store, String location) throws IOException {
        String root = HadoopStore.resolve(location);
        Store.Entry entry = store.find(root).orElseThrow(() -> invalid("data: %s does not exist", location));
        List<SourceFile> files = new ArrayList<>();
        if (entry.isFolder()) {
            String prefix = location.endsWith("/") ? location : location + "/";
            collect(store, root.endsWith("/") ? root : root + "/", prefix, files);
        } else {
            check(Kind.of(entry.name()).isPresent(), "data: %s is no .csv, .jsonl, .json or .parquet file", location);
            files.add(new SourceFile(location, root, entry.bytes(), store.modified(root)));
        }
        check(!files.isEmpty(), "data: %s has no .csv, .jsonl, .json or .parquet file in it", location);
        List<Kind> kinds = files.stream()
                .map(file -> Kind.of(file.location()).orElseThrow())
                .distinct()
                .toList();
        check(kinds.size() == 1, "data: %s mixes kinds of files, %s: name one folder for each", location, kinds);
        check(files.stream().anyMatch(file -> file.bytes() > 0), "data: %s is empty", location);
        return new SourceFiles(
                location,
                kinds.get(0),
                files.stream().filter(file -> file.bytes() > 0).toList());
    }

    /** Tasks to work on the rows with: two for each core, more for large files. */
    int partitions(SparkSession spark) {
        long bytes = files.stream().mapToLong(SourceFile::bytes).sum();
        int forCores = 2 * spark.sparkContext().defaultParallelism();
        return (int) Math.max(forCores, Math.min(bytes / BYTES_PER_PARTITION, MAX_PARTITIONS));
    }

    private static void collect(HadoopStore store, String folder, String source, List<SourceFile> files)
            throws IOException {
        for (Store.Entry entry : store.list(folder)) {
            String name = entry.name();
            if (name.startsWith("_") || name.startsWith(".")) {
                continue; // what Spark and others write beside data
            }
            if (entry.isFolder()) {
                collect(store, folder + name + "/", source + name + "/", files);
            } else if (Kind.of(name).isPresent()) {
                files.add(new SourceFile(source + name, folder + name, entry.bytes(), store.modified(folder + name)));
            }
        }
    }
}
