package dev.temper.spark.preparing;

import static dev.temper.check.Check.check;

import dev.temper.spark.preparing.PreparedRow.Split;
import dev.temper.spark.preparing.SurveyRows.FileNotes;
import dev.temper.spark.preparing.SurveyRows.Seen;
import dev.temper.spark.reading.ReadTable;
import dev.temper.spark.source.FileKind;
import dev.temper.spark.source.Sources;
import dev.temper.spark.source.Sources.InputFile;
import dev.temper.text.InputColumn;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.apache.spark.api.java.JavaRDD;
import scala.Tuple2;

/**
 * The result of the first pass over all rows: errors in files, number of rows, equal rows, and therefore which rows are
 * selected. Of each row only its hash and position are stored, in Spark's shuffle files.
 *
 * @param rows sorted by content hash, file and row number; followed by notes about the files
 * @param firstKeys number of the first row of each file, counted over all files
 */
record Survey(Sources sources, JavaRDD<Tuple2<byte[], byte[]>> rows, Seen seen, long[] firstKeys) {
    private static final int MAX_VALUES = 1000;

    /** Maximum number of rows of each split, and whether each value of {@code balance_by} gets an equal number. */
    record Limit(OptionalLong train, OptionalLong eval, boolean isBalanced) {
        private OptionalLong of(Split split) {
            return split == Split.TRAIN ? train : eval;
        }

        boolean isSet() {
            return train.isPresent() || eval.isPresent();
        }
    }

    /**
     * Reads all files once.
     *
     * @throws dev.temper.check.InvalidInputException when a file is malformed
     */
    static Survey of(ReadTable table, Sources sources, JavaRDD<Tuple2<byte[], byte[]>> rows, RowChoice choice) {
        List<InputFile> files = sources.files();
        List<Seen> parts =
                rows.mapPartitions(part -> SurveyRows.see(part, files, choice)).collect();
        Seen seen = parts.stream().reduce(Seen::plus).orElseThrow();
        Map<Integer, FileNotes> notes = new TreeMap<>();
        seen.files().forEach(file -> notes.merge(file.file(), file, FileNotes::plus));
        verify(table, sources, notes);
        long[] firstKeys = new long[sources.files().size() + 1];
        for (int i = 0; i < firstKeys.length - 1; i++) {
            FileNotes file = notes.get(i);
            firstKeys[i + 1] = firstKeys[i] + (file == null ? 0 : file.lastNumber());
        }
        return new Survey(sources, rows, seen, firstKeys);
    }

    /** Total number of rows in the files. */
    long read() {
        return seen.files().stream().mapToLong(FileNotes::rows).sum();
    }

    /** The largest row number, counted over all files. */
    long keys() {
        return firstKeys[firstKeys.length - 1];
    }

    /**
     * The selection that applies the limits and, with {@code mustEvaluate}, has at least one evaluation row, together
     * with the number of rows that it selects.
     */
    Taken take(RowChoice choice, Limit limit, boolean mustEvaluate) {
        RowChoice split = mustEvaluate && seen.evaluated() == 0 && seen.taken() > 1
                ? choice.evaluatingUpTo(seen.smallestHash())
                : choice;
        if (!limit.isSet()) {
            return new Taken(split, seen.taken());
        }
        Map<String, HashCounts> groups = new HashMap<>();
        List<InputFile> files = sources.files();
        rows.mapPartitions(part -> SurveyRows.count(part, files, split))
                .collect()
                .forEach(part -> part.forEach((group, counts) -> groups.merge(group, counts, HashCounts::plus)));
        Map<String, Integer> buckets = new HashMap<>();
        Map<String, Long> wanted = new HashMap<>();
        long taken = 0;
        for (Split side : Split.values()) {
            List<String> values = groups.keySet().stream()
                    .filter(group -> group.startsWith(side + " "))
                    .toList();
            verifyValues(side, values, limit);
            for (String group : values) {
                long rowsOfGroup = groups.get(group).rows();
                long quota = limit.of(side).orElse(Long.MAX_VALUE);
                quota = limit.isBalanced() && limit.of(side).isPresent() ? quota / values.size() : quota;
                taken += Math.min(rowsOfGroup, quota);
                if (rowsOfGroup > quota) {
                    wanted.put(group, quota);
                    buckets.put(group, groups.get(group).bucketOf(quota));
                }
            }
        }
        Map<String, Long> thresholds = new HashMap<>();
        hashes(split, buckets).forEach((group, hashes) -> {
            long before = groups.get(group).before(buckets.get(group));
            int rest = (int) (wanted.get(group) - before);
            thresholds.put(group, rest == 0 ? -1 : hashes[rest - 1]);
        });
        return new Taken(split.limitedTo(thresholds), taken);
    }

    /**
     * A selection.
     *
     * @param rows number of selected rows
     */
    record Taken(RowChoice choice, long rows) {}

    private Map<String, long[]> hashes(RowChoice split, Map<String, Integer> buckets) {
        Map<String, long[]> all = new HashMap<>();
        if (buckets.isEmpty()) {
            return all;
        }
        List<InputFile> files = sources.files();
        rows.mapPartitions(part -> SurveyRows.collect(part, files, split, buckets))
                .collect()
                .forEach(part -> part.forEach((group, hashes) -> all.merge(group, hashes, Survey::joined)));
        all.values().forEach(Arrays::sort);
        return all;
    }

    private static long[] joined(long[] a, long[] b) {
        long[] all = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, all, a.length, b.length);
        return all;
    }

    private static void verifyValues(Split side, List<String> values, Limit limit) {
        check(
                !limit.isBalanced() || values.size() <= MAX_VALUES,
                "data.balance_by: the column has more than %d values",
                MAX_VALUES);
        check(
                limit.of(side).isEmpty()
                        || limit.of(side).getAsLong() == 0
                        || values.size() <= limit.of(side).getAsLong(),
                "data.balance_by: the column has %d values, more than the rows wanted",
                values.size());
    }

    private static void verify(ReadTable table, Sources sources, Map<Integer, FileNotes> notes) {
        for (InputFile file : sources.files()) {
            FileNotes note = notes.get(file.index());
            check(note == null || note.error() == null, "%s", note == null ? "" : note.error());
            if (note != null && file.kind() == FileKind.JSON && note.rows() > 0) {
                verifyColumns(table, file, new ArrayList<>(note.columns()));
            }
        }
        verifyHeaders(table, sources, notes);
    }

    // In any order: files of one location must have the same columns among those that are read, and without a header
    // the same number of columns.
    private static void verifyHeaders(ReadTable table, Sources sources, Map<Integer, FileNotes> notes) {
        Map<Integer, InputFile> firsts = new HashMap<>();
        for (InputFile file : sources.files()) {
            FileNotes note = notes.get(file.index());
            boolean isCsv = file.kind() == FileKind.CSV || file.kind() == FileKind.TSV;
            if (!isCsv || note == null || note.columns().isEmpty()) {
                continue;
            }
            InputFile first = firsts.computeIfAbsent(file.origin().number(), absent -> file);
            List<String> before = notes.get(first.index()).columns();
            check(
                    used(table, note.columns()).equals(used(table, before)),
                    "data: %s has other columns than the first file of its folder, %s: %s, not %s",
                    file.source(),
                    first.source(),
                    note.columns(),
                    before);
        }
    }

    private static List<String> used(ReadTable table, List<String> names) {
        return table.header()
                ? table.columns().stream()
                        .map(InputColumn::name)
                        .filter(names::contains)
                        .toList()
                : names;
    }

    // A JSON file without any object has no columns either, but its rows give a better message.
    private static void verifyColumns(ReadTable table, InputFile file, List<String> names) {
        if (names.isEmpty()) {
            return;
        }
        for (InputColumn column : table.columns()) {
            table.verifyHas(file.source(), column, names);
        }
    }
}
