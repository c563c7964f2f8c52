package dev.temper.spark.preparing;

import dev.temper.check.Secrets;
import dev.temper.spark.StageColumns;
import dev.temper.spark.cluster.LeasedFolder;
import dev.temper.spark.preparing.PreparedManifest.Part;
import dev.temper.spark.preparing.PreparedRow.Split;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.spark.storage.ParquetTable;
import dev.temper.storage.Folder;
import dev.temper.storage.Lease;
import dev.temper.text.TokenRow;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Writes the rows of a partition as one part file, and the rejected ones as another, and returns {@link PartCounts}.
 *
 * <p>A part is written to a local file and uploaded as a whole. All attempts of a task produce the same bytes; an
 * attempt that finds the file in place leaves it unchanged, so a late attempt cannot damage the result of another.
 *
 * @param place folder for the files
 * @param choice determines which row would be evaluated on next
 */
record WritePart(LeasedFolder place, RowChoice choice) implements MapPartitionsFunction<Row, byte[]> {
    @Override
    public Iterator<byte[]> call(Iterator<Row> rows) throws IOException {
        if (!rows.hasNext()) {
            return List.<byte[]>of().iterator();
        }
        place.checkSeen(); // before anything is written to an unshared disk
        int number = TaskContext.getPartitionId();
        PartCounts counts = new PartCounts();
        try (Table taken = new Table("part-%05d.parquet".formatted(number));
                Table rejected = new Table("rejected-%05d.parquet".formatted(number))) {
            Columns columns = null;
            while (rows.hasNext()) {
                Row row = rows.next();
                columns = columns == null ? Columns.of(row) : columns;
                if (row.isNullAt(columns.reason)) {
                    taken.add(columns.isWide ? PreparedPart.WIDE : PreparedPart.TABLE, columns.taken(row, counts));
                    countHash(row, counts);
                } else {
                    RejectedRow why = columns.rejected(row, counts);
                    rejected.add(RejectedRow.TABLE, why.values());
                    counts.reject(why);
                }
            }
            taken.put(place.folder()).ifPresent(counts::wrote);
            rejected.put(place.folder()).ifPresent(counts::wroteRejected);
        }
        return List.of(JavaBytes.of(counts)).iterator();
    }

    private void countHash(Row row, PartCounts counts) {
        if (choice.evaluatedUpTo() >= 0 && row.<String>getAs("_split").equals(name(Split.TRAIN))) {
            counts.addSplitHash(choice.splitHash(row.getAs("_content")));
        }
    }

    static String name(Split split) {
        return split == Split.TRAIN ? "train" : "eval";
    }

    /** Indexes of the columns in the rows of a partition. */
    private record Columns(
            int rowId,
            int source,
            int number,
            int split,
            int reason,
            int detail,
            int ids,
            int labels,
            int label,
            int fullLength,
            int shortened,
            int second,
            boolean isWide) {
        private static final int[] NO_LABEL = {};

        static Columns of(Row row) {
            List<String> names = Arrays.asList(row.schema().fieldNames());
            return new Columns(
                    names.indexOf("_row_id"),
                    names.indexOf("_source"),
                    names.indexOf("_row_number"),
                    names.indexOf("_split"),
                    names.indexOf("_reason"),
                    names.indexOf("_detail"),
                    names.indexOf("input_ids"),
                    names.indexOf("labels"),
                    names.indexOf("label"),
                    names.indexOf("full_length"),
                    names.indexOf("shortened"),
                    is(row.schema(), "second", DataTypes.IntegerType) ? names.indexOf("second") : -1,
                    isWide(row.schema()));
        }

        static boolean isWide(StructType schema) {
            boolean hasWords = is(schema, "label", DataTypes.createArrayType(DataTypes.IntegerType, false));
            return hasWords || is(schema, "second", DataTypes.IntegerType);
        }

        /** What was read is text, whatever it is called. */
        private static boolean is(StructType schema, String column, DataType type) {
            return Arrays.asList(schema.fieldNames()).contains(column)
                    && schema.apply(column).dataType().equals(type);
        }

        List<?> taken(Row row, PartCounts counts) {
            int[] inputIds = StageColumns.ints(row, "input_ids");
            int[] targets = row.isNullAt(labels) ? null : StageColumns.ints(row, "labels");
            String side = row.getString(split);
            counts.add(side.equals(name(Split.TRAIN)) ? Split.TRAIN : Split.EVAL, inputIds.length, learned(targets));
            addLength(row, counts, inputIds.length);
            if (shortened >= 0 && !row.isNullAt(shortened) && row.getBoolean(shortened)) {
                counts.addShortened();
            }
            int[] words = label < 0 || row.isNullAt(label) ? NO_LABEL : label(row);
            List<Object> values = new ArrayList<>(Arrays.asList(
                    row.getString(rowId),
                    Secrets.masked(row.getString(source)),
                    row.getLong(this.number),
                    side,
                    inputIds,
                    targets,
                    words.length == 1 ? words[0] : null,
                    cut(row, inputIds.length)));
            if (isWide) {
                values.add(words.length > 1 ? words : null);
                values.add(second < 0 || row.isNullAt(second) ? null : row.getInt(second));
            }
            return values;
        }

        private int[] label(Row row) {
            return row.get(label) instanceof Integer number ? new int[] {number} : StageColumns.ints(row, "label");
        }

        RejectedRow rejected(Row row, PartCounts counts) {
            addLength(row, counts, Integer.MAX_VALUE);
            String why = row.isNullAt(detail) ? "" : row.getString(detail);
            return new RejectedRow(
                    row.getString(rowId),
                    Secrets.masked(row.getString(source)),
                    row.getLong(number),
                    row.getString(reason),
                    Secrets.masked(why));
        }

        private void addLength(Row row, PartCounts counts, int kept) {
            if (fullLength >= 0 && !row.isNullAt(fullLength)) {
                counts.addLength(row.getInt(fullLength));
                if (row.getInt(fullLength) > kept) {
                    counts.addCut();
                }
            }
        }

        /** Number of truncated tokens; null: none. */
        private Integer cut(Row row, int kept) {
            boolean isCut = fullLength >= 0 && !row.isNullAt(fullLength) && row.getInt(fullLength) > kept;
            return isCut ? row.getInt(fullLength) - kept : null;
        }

        private static int learned(int[] labels) {
            int count = 0;
            for (int i = 1; labels != null && i < labels.length; i++) {
                count += labels[i] == TokenRow.IGNORED ? 0 : 1;
            }
            return count;
        }
    }

    /** A table in a local file, which is created with the first row. */
    private final class Table implements Closeable {
        private final String name;
        private Path file;
        private ParquetTable.Writer writer;
        private long rows;

        Table(String name) {
            this.name = name;
        }

        /** @param table the same for each row */
        void add(ParquetTable table, List<?> row) throws IOException {
            if (writer == null) {
                file = Files.createTempFile("temper-part-", ".parquet");
                writer = table.writer(Files.newOutputStream(file));
            }
            writer.add(row);
            rows++;
        }

        Optional<Part> put(Folder folder) throws IOException {
            if (writer == null) {
                return Optional.empty();
            }
            writer.close();
            writer = null;
            Part part = new Part(
                    name,
                    Files.size(file),
                    Folder.local(file.getParent()).sha256(file.getFileName().toString()),
                    rows);
            if (!folder.holds(name, part.bytes(), part.sha256())) {
                HadoopStore store = place.store();
                Lease.checkThere(store, place.claim());
                store.put(file, folder.location(name));
            }
            return Optional.of(part);
        }

        @Override
        public void close() throws IOException {
            if (writer != null) {
                writer.close();
            }
            if (file != null) {
                Files.deleteIfExists(file);
            }
        }
    }
}
