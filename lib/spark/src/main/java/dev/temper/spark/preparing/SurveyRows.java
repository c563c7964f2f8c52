package dev.temper.spark.preparing;

import dev.temper.spark.preparing.PreparedRow.Split;
import dev.temper.spark.reading.ReadRow;
import dev.temper.spark.source.SourceFiles.Use;
import dev.temper.spark.source.Sources.InputFile;
import dev.temper.spark.source.Sources.Origin;
import dev.temper.storage.Hashes;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.apache.spark.Partitioner;
import scala.Tuple2;

/**
 * The entries that a {@link Survey} sorts. A key consists of content hash, file, row number and the value of
 * {@code balance_by}, so equal rows of a file are adjacent and in the order of the file. An empty key has
 * {@link FileNotes} as its value.
 */
final class SurveyRows {
    private static final int NUMBER = Hashes.BYTES + Integer.BYTES;
    private static final int VALUE = NUMBER + Long.BYTES;
    private static final byte[] NOTHING = new byte[0];

    private SurveyRows() {}

    /** What is known about a file, or about one slice of it. */
    record FileNotes(int file, long rows, long lastNumber, List<String> columns, String error) implements Serializable {
        FileNotes plus(FileNotes other) {
            Set<String> names = new LinkedHashSet<>(columns);
            names.addAll(other.columns);
            return new FileNotes(
                    file,
                    rows + other.rows,
                    Math.max(lastNumber, other.lastNumber),
                    List.copyOf(names),
                    error == null ? other.error : error);
        }
    }

    /**
     * What is known about the rows.
     *
     * @param taken number of rows that the weights select
     * @param repeated number of those that are preceded by an equal row in their file
     * @param evaluated number of those that are evaluated on
     * @param smallestHash hash of the row that would be evaluated on first
     */
    record Seen(long taken, long repeated, long evaluated, long smallestHash, List<FileNotes> files)
            implements Serializable {
        Seen plus(Seen other) {
            List<FileNotes> all = new ArrayList<>(files);
            all.addAll(other.files);
            return new Seen(
                    taken + other.taken,
                    repeated + other.repeated,
                    evaluated + other.evaluated,
                    Math.min(smallestHash, other.smallestHash),
                    all);
        }
    }

    /** Creates the entries of rows, and the notes about each file at its end. */
    record RowKeys(List<InputFile> files, RowChoice choice, RowShape shape) implements Serializable {
        Iterator<Tuple2<byte[], byte[]>> of(Iterator<ReadRow> rows) {
            return new KeyedRows(this, rows);
        }

        private byte[] key(ReadRow row, byte[] content) {
            byte[] bytes = shape.value(row).getBytes(StandardCharsets.UTF_8);
            return ByteBuffer.allocate(VALUE + bytes.length)
                    .put(content)
                    .putInt(row.file())
                    .putLong(row.number())
                    .put(bytes)
                    .array();
        }
    }

    private static final class KeyedRows implements Iterator<Tuple2<byte[], byte[]>> {
        private final RowKeys rowKeys;
        private final Iterator<ReadRow> rows;
        private final MessageDigest sha256 = Hashes.sha256();
        private final Map<Integer, FileNotes> notes = new TreeMap<>();
        private final long[] counts;
        private final long[] lastNumbers;
        private Iterator<FileNotes> ends; // null before the end of the rows
        private byte[] next;

        KeyedRows(RowKeys rowKeys, Iterator<ReadRow> rows) {
            this.rowKeys = rowKeys;
            this.rows = rows;
            this.counts = new long[rowKeys.files().size()];
            this.lastNumbers = new long[rowKeys.files().size()];
        }

        @Override
        public boolean hasNext() {
            while (next == null && rows.hasNext()) {
                next = light(rows.next());
            }
            if (next == null && ends == null) {
                for (int i = 0; i < counts.length; i++) {
                    if (counts[i] > 0) {
                        notes.merge(i, new FileNotes(i, counts[i], lastNumbers[i], List.of(), null), FileNotes::plus);
                    }
                }
                ends = notes.values().iterator();
            }
            return next != null || ends.hasNext();
        }

        @Override
        public Tuple2<byte[], byte[]> next() {
            if (next == null) {
                return new Tuple2<>(NOTHING, JavaBytes.of(ends.next()));
            }
            byte[] key = next;
            next = null;
            return new Tuple2<>(key, NOTHING);
        }

        /** The key of a row; null if the row is not selected, or marks the end of a file. */
        private byte[] light(ReadRow row) {
            int file = row.file();
            if (row.isEnd()) {
                FileNotes note = new FileNotes(file, 0, 0, Arrays.asList(row.values()), row.detail());
                notes.merge(file, note, FileNotes::plus);
                return null;
            }
            counts[file]++;
            lastNumbers[file] = Math.max(lastNumbers[file], row.number());
            byte[] content = rowKeys.shape().content(row, sha256);
            Origin origin = rowKeys.files().get(file).origin();
            boolean isTaken = origin.share() >= 1 || rowKeys.choice().takes(origin, Hashes.hex(content));
            return isTaken ? rowKeys.key(row, content) : null;
        }
    }

    /** Sends equal rows to the same partition, and notes to the last partition. */
    static final class ByContent extends Partitioner {
        private static final long serialVersionUID = 1L;

        private final int partitions;

        ByContent(int partitions) {
            this.partitions = partitions;
        }

        @Override
        public int numPartitions() {
            return partitions + 1;
        }

        @Override
        public int getPartition(Object key) {
            byte[] bytes = (byte[]) key;
            return bytes.length == 0
                    ? partitions
                    : Math.floorMod(ByteBuffer.wrap(bytes).getInt(), partitions);
        }
    }

    static Iterator<Seen> see(Iterator<Tuple2<byte[], byte[]>> part, List<InputFile> files, RowChoice choice) {
        long[] counts = new long[3];
        long[] smallest = {Long.MAX_VALUE};
        List<FileNotes> notes = new ArrayList<>();
        Places places = new Places(part, notes::add);
        while (places.advance()) {
            counts[0]++;
            counts[1] += places.occurrence > 1 ? 1 : 0;
            Origin origin = files.get(places.file).origin();
            if (origin.use() == Use.TRAIN && choice.evaluatedUpTo() >= 0) {
                long hash = choice.splitHash(places.content());
                counts[2] += hash <= choice.evaluatedUpTo() ? 1 : 0;
                smallest[0] = Math.min(smallest[0], hash);
            }
        }
        return List.of(new Seen(counts[0], counts[1], counts[2], smallest[0], notes))
                .iterator();
    }

    static Iterator<Map<String, HashCounts>> count(
            Iterator<Tuple2<byte[], byte[]>> part, List<InputFile> files, RowChoice choice) {
        Map<String, HashCounts> groups = new HashMap<>();
        Places places = new Places(part, note -> {});
        while (places.advance()) {
            groups.computeIfAbsent(places.group(files, choice), absent -> new HashCounts())
                    .add(places.limitHash(files, choice));
        }
        return List.of(groups).iterator();
    }

    static Iterator<Map<String, long[]>> collect(
            Iterator<Tuple2<byte[], byte[]>> part,
            List<InputFile> files,
            RowChoice choice,
            Map<String, Integer> buckets) {
        Map<String, List<Long>> hashes = new HashMap<>();
        Places places = new Places(part, note -> {});
        while (places.advance()) {
            String group = places.group(files, choice);
            long hash = places.limitHash(files, choice);
            if (buckets.getOrDefault(group, -1) == HashCounts.bucket(hash)) {
                hashes.computeIfAbsent(group, absent -> new ArrayList<>()).add(hash);
            }
        }
        Map<String, long[]> arrays = new HashMap<>();
        hashes.forEach((group, list) ->
                arrays.put(group, list.stream().mapToLong(Long::longValue).toArray()));
        return List.of(arrays).iterator();
    }

    /** Rows that are preceded by equal rows in their file: their key, and the number of equal rows before them. */
    static Iterator<Tuple2<Long, Integer>> repeated(Iterator<Tuple2<byte[], byte[]>> part, long[] firstKeys) {
        Places places = new Places(part, note -> {});
        return new Iterator<>() {
            private boolean isFound;

            @Override
            public boolean hasNext() {
                while (!isFound && places.advance()) {
                    isFound = places.occurrence > 1;
                }
                return isFound;
            }

            @Override
            public Tuple2<Long, Integer> next() {
                isFound = false;
                return new Tuple2<>(firstKeys[places.file] + places.number - 1, places.occurrence);
            }
        };
    }

    /** Iterates over sorted entries. */
    private static final class Places {
        private final Iterator<Tuple2<byte[], byte[]>> rows;
        private final Consumer<FileNotes> notes;
        private byte[] key = NOTHING;
        private int file;
        private long number;
        private int occurrence;

        Places(Iterator<Tuple2<byte[], byte[]>> rows, Consumer<FileNotes> notes) {
            this.rows = rows;
            this.notes = notes;
        }

        boolean advance() {
            while (rows.hasNext()) {
                Tuple2<byte[], byte[]> row = rows.next();
                byte[] before = key;
                key = row._1();
                if (key.length == 0) {
                    notes.accept(JavaBytes.read(row._2(), FileNotes.class));
                    continue;
                }
                boolean isEqual = before.length > 0 && Arrays.equals(before, 0, NUMBER, key, 0, NUMBER);
                occurrence = isEqual ? occurrence + 1 : 1;
                ByteBuffer buffer = ByteBuffer.wrap(key);
                file = buffer.getInt(Hashes.BYTES);
                number = buffer.getLong(NUMBER);
                return true;
            }
            return false;
        }

        String content() {
            return Hashes.hex(Arrays.copyOf(key, Hashes.BYTES));
        }

        String group(List<InputFile> files, RowChoice choice) {
            Split split = choice.split(files.get(file).origin(), content());
            return RowChoice.group(split, new String(key, VALUE, key.length - VALUE, StandardCharsets.UTF_8));
        }

        long limitHash(List<InputFile> files, RowChoice choice) {
            return choice.limitHash(RowChoice.rowId(files.get(file).source(), content(), occurrence));
        }
    }
}
