package dev.temper.spark;

import static dev.temper.check.Check.check;

import dev.temper.spark.SourceFiles.Kind;
import dev.temper.spark.SourceFiles.SourceFile;
import dev.temper.spark.SourceFiles.Use;
import dev.temper.text.DataConfig;
import dev.temper.text.DataConfig.Source;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;

/**
 * All files of a data set, in the order of their names.
 *
 * @param notes what was left unread, in words
 */
record Sources(List<InputFile> files, List<String> notes) {
    private static final long BYTES_PER_PARTITION = 32L << 20;
    private static final int MAX_PARTITIONS = 10_000;

    /**
     * One file.
     *
     * @param index its place among all
     */
    record InputFile(int index, SourceFile file, Kind kind, Origin origin) implements Serializable {
        String source() {
            return file.source();
        }

        String location() {
            return file.location();
        }

        boolean isZipped() {
            return file.isZipped();
        }
    }

    /**
     * Where a file belongs.
     *
     * @param number of the location: its files have one schema
     * @param share of its rows that is taken
     */
    record Origin(int number, Use use, double share) implements Serializable {}

    static Sources find(HadoopStore store, DataConfig data) throws IOException {
        double largest = data.train().stream().mapToDouble(Source::weight).max().orElseThrow();
        Map<Origin, SourceFiles> found = new HashMap<>();
        for (Source source : data.train()) {
            Origin origin = new Origin(found.size(), Use.TRAIN, source.weight() / largest);
            found.put(origin, SourceFiles.find(store, source.location(), Use.TRAIN));
        }
        if (data.eval().isPresent()) {
            Origin origin = new Origin(found.size(), Use.EVAL, 1);
            found.put(origin, SourceFiles.find(store, data.eval().get(), Use.EVAL));
        }
        return of(found);
    }

    /** The files of one location. */
    static Sources of(SourceFiles files) {
        return of(Map.of(new Origin(0, Use.TRAIN, 1), files));
    }

    private static Sources of(Map<Origin, SourceFiles> found) {
        List<InputFile> files = new ArrayList<>();
        found.forEach((origin, source) ->
                source.files().forEach(file -> files.add(new InputFile(0, file, source.kind(), origin))));
        files.sort(Comparator.comparing(InputFile::source));
        verifyDistinct(files);
        List<InputFile> numbered = new ArrayList<>();
        for (InputFile file : files) {
            numbered.add(new InputFile(numbered.size(), file.file(), file.kind(), file.origin()));
        }
        Stream<SourceFiles> inOrder = found.entrySet().stream()
                .sorted(Comparator.comparing(entry -> entry.getKey().number()))
                .map(Map.Entry::getValue);
        return new Sources(
                numbered, inOrder.flatMap(source -> source.note().stream()).toList());
    }

    /** Tasks to work on the rows with: two for each core, more for large files. */
    int partitions(SparkSession spark) {
        int forCores = 2 * spark.sparkContext().defaultParallelism();
        return (int) Math.max(forCores, Math.min(bytes() / BYTES_PER_PARTITION, MAX_PARTITIONS));
    }

    long bytes() {
        return files.stream().mapToLong(file -> file.file().bytes()).sum();
    }

    private static void verifyDistinct(List<InputFile> files) {
        Map<String, InputFile> seen = new HashMap<>();
        for (InputFile file : files) {
            InputFile other = seen.put(file.location(), file);
            check(
                    other == null || other.origin().use() == file.origin().use(),
                    "data.eval and data.train both name %s",
                    file.source());
            check(other == null, "data.train names %s twice", file.source());
        }
    }
}
