package dev.temper.spark.source;

import static dev.temper.check.Check.check;

import dev.temper.spark.source.FileChoice.LeftOut;
import dev.temper.spark.source.SourceFiles.SourceFile;
import dev.temper.spark.source.SourceFiles.Use;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.text.DataConfig;
import dev.temper.text.DataConfig.Source;
import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.spark.sql.SparkSession;

/**
 * All files of a data set, in the order of their names.
 *
 * @param choice which files were selected and which were skipped
 */
public record Sources(List<InputFile> files, FileChoice choice) {
    private static final long BYTES_PER_PARTITION = 32L << 20;
    private static final int MAX_PARTITIONS = 10_000;

    /**
     * One file.
     *
     * @param index position among all files
     */
    public record InputFile(int index, SourceFile file, FileKind kind, Origin origin) implements Serializable {
        public String source() {
            return file.source();
        }

        public String location() {
            return file.location();
        }

        public Compression compression() {
            return file.compression();
        }
    }

    /**
     * The location that a file belongs to.
     *
     * @param number of the location: its files have the same columns
     * @param share of its rows that is selected
     */
    public record Origin(int number, Use use, double share) implements Serializable {}

    /** @param tables snapshots of tables; tables without one are skipped */
    public static Sources find(HadoopStore store, DataConfig data, Map<Source, SourceFiles> tables) throws IOException {
        double largest = data.train().stream().mapToDouble(Source::share).max().orElseThrow();
        Map<Origin, SourceFiles> found = new HashMap<>();
        for (Source source : data.train()) {
            Origin origin = new Origin(found.size(), Use.TRAIN, source.share() / largest);
            files(store, source, Use.TRAIN, tables).ifPresent(files -> found.put(origin, files));
        }
        if (data.eval().isPresent()) {
            Origin origin = new Origin(found.size(), Use.EVAL, 1);
            files(store, data.eval().get(), Use.EVAL, tables).ifPresent(files -> found.put(origin, files));
        }
        Sources sources = of(store, found);
        sources.verifyRead(data);
        return sources;
    }

    /** Refuses settings for a kind of file, such as a CSV delimiter, if there is no file of that kind. */
    private void verifyRead(DataConfig data) {
        boolean isTable = files.stream().anyMatch(file -> file.kind() == FileKind.CSV || file.kind() == FileKind.TSV);
        boolean isText = files.stream().anyMatch(file -> file.kind() != FileKind.PARQUET);
        refuseIdle(!isTable && !data.delimiter().equals(","), "delimiter", "no CSV or TSV file is");
        refuseIdle(!isTable && !data.header(), "header", "no CSV or TSV file is");
        boolean isOther = !Charset.forName(data.encoding()).equals(StandardCharsets.UTF_8);
        refuseIdle(!isText && isOther, "encoding", "only Parquet files are");
    }

    private static void refuseIdle(boolean isIdle, String key, String read) {
        check(!isIdle, "data.%s changes nothing, as %s read; leave it out", key, read);
    }

    private static Optional<SourceFiles> files(
            HadoopStore store, Source source, Use use, Map<Source, SourceFiles> tables) throws IOException {
        return source.isTable()
                ? Optional.ofNullable(tables.get(source))
                : Optional.of(SourceFiles.find(store, source.location().orElseThrow(), use));
    }

    /** The files of one location. */
    public static Sources of(HadoopStore store, SourceFiles files) throws IOException {
        return of(store, Map.of(new Origin(0, Use.TRAIN, 1), files));
    }

    private static Sources of(HadoopStore store, Map<Origin, SourceFiles> found) throws IOException {
        List<InputFile> files = new ArrayList<>();
        found.forEach((origin, source) ->
                source.files().forEach(file -> files.add(new InputFile(0, file, source.kind(), origin))));
        files.sort(Comparator.comparing(InputFile::source));
        verifyDistinct(store, files);
        List<InputFile> numbered = new ArrayList<>();
        for (InputFile file : files) {
            numbered.add(new InputFile(numbered.size(), file.file(), file.kind(), file.origin()));
        }
        return new Sources(numbered, choice(files, found.values()));
    }

    private static FileChoice choice(List<InputFile> files, Collection<SourceFiles> found) {
        Map<Use, List<String>> read = files.stream()
                .collect(Collectors.groupingBy(
                        file -> file.origin().use(), Collectors.mapping(InputFile::source, Collectors.toList())));
        Set<String> all = files.stream().map(InputFile::source).collect(Collectors.toSet());
        Map<String, LeftOut> leftOut = new TreeMap<>();
        found.stream()
                .flatMap(source -> source.leftOut().stream())
                .filter(file -> !all.contains(file.file())) // files that the other key reads are not skipped
                .forEach(file -> leftOut.put(file.file(), file));
        return new FileChoice(
                read.getOrDefault(Use.TRAIN, List.of()).stream().distinct().toList(),
                read.getOrDefault(Use.EVAL, List.of()).stream().distinct().toList(),
                List.copyOf(leftOut.values()));
    }

    /** Number of tasks for the rows: two per core, more for large files. */
    public int partitions(SparkSession spark) {
        int forCores = 2 * spark.sparkContext().defaultParallelism();
        return (int) Math.max(forCores, Math.min(bytes() / BYTES_PER_PARTITION, MAX_PARTITIONS));
    }

    /** Total size of the files. */
    public long bytes() {
        return files.stream().mapToLong(file -> file.file().bytes()).sum();
    }

    private static void verifyDistinct(HadoopStore store, List<InputFile> files) throws IOException {
        Map<String, InputFile> seen = new HashMap<>();
        for (InputFile file : files) {
            String real = store.realPath(file.location()).map(Object::toString).orElse(file.location());
            InputFile other = seen.put(real, file);
            String names = other == null || other.source().equals(file.source())
                    ? file.source()
                    : other.source() + ", which is also " + file.source() + ",";
            check(
                    other == null || other.origin().use() == file.origin().use(),
                    "data.eval and data.train both name %s: rows that are learned measure nothing, so name other files"
                            + " in one of them, or leave data.eval out and set data.eval_fraction",
                    names);
            check(other == null, "data.train names %s twice: leave one out", names);
        }
    }
}
