package dev.temper.spark.preparing;

import static dev.temper.check.Check.check;

import dev.temper.spark.preparing.PreparedManifest.Part;
import dev.temper.spark.preparing.PreparedRow.Split;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.spark.storage.ParquetTable;
import dev.temper.spark.storage.ParquetTable.Column;
import dev.temper.spark.storage.ParquetTable.Kind;
import dev.temper.storage.Folder;
import dev.temper.text.TokenRow;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.example.GroupReadSupport;
import org.apache.parquet.schema.MessageType;

/** Reads and writes one Parquet file of prepared rows. */
final class PreparedPart {
    private static final String WORDS = "label_words";
    private static final String SECOND = "second";

    static final ParquetTable TABLE = new ParquetTable(List.of(
            new Column("row_id", Kind.STRING),
            new Column("source", Kind.STRING),
            new Column("row_number", Kind.LONG),
            new Column("split", Kind.STRING),
            new Column("input_ids", Kind.INTS),
            new Column("labels", Kind.INTS),
            new Column("label", Kind.INT),
            new Column("cut", Kind.INT)));

    /** The same of rows whose labels have several words, or that are pairs of texts: where the second begins. */
    static final ParquetTable WIDE = new ParquetTable(Stream.concat(
                    TABLE.columns().stream(), Stream.of(new Column(WORDS, Kind.INTS), new Column(SECOND, Kind.INT)))
            .toList());

    /** The columns that describe a row, without its tokens. */
    private static final ParquetTable ORIGINS = new ParquetTable(WIDE.columns().stream()
            .filter(column -> column.kind() != Kind.INTS || column.name().equals(WORDS))
            .toList());

    private PreparedPart() {}

    /** Passes the rows to {@code target} in their order. A remote file is first copied to this machine. */
    static void read(Folder folder, Part part, Consumer<PreparedRow> target) throws IOException {
        read(folder, part, WIDE, row -> target.accept(row(row, tokens(row))));
    }

    /** As {@link #read}, but without tokens, which takes almost no time. */
    static void readOrigins(Folder folder, Part part, Consumer<PreparedRow> target) throws IOException {
        TokenRow none = TokenRow.of(new int[0], new int[0]);
        read(folder, part, ORIGINS, row -> target.accept(row(row, none)));
    }

    private static void read(Folder folder, Part part, ParquetTable columns, Consumer<Group> target)
            throws IOException {
        Optional<Path> local = folder.store().localPath(folder.location(part.name()));
        if (local.isPresent()) {
            read(local.get(), columns, target);
            return;
        }
        Path copy = Files.createTempFile("temper-prepared-", ".parquet");
        try (InputStream in = folder.read(part.name())) {
            long bytes = Files.copy(in, copy, StandardCopyOption.REPLACE_EXISTING);
            check(
                    bytes == part.bytes(),
                    "%s has %d bytes, its manifest says %d: delete the folder to prepare it again",
                    folder.location(part.name()),
                    bytes,
                    part.bytes());
            read(copy, columns, target);
        } finally {
            Files.deleteIfExists(copy);
        }
    }

    private static void read(Path file, ParquetTable columns, Consumer<Group> target) throws IOException {
        try (ParquetReader<Group> reader = ParquetReader.builder(
                        new ThoseThere(columns.schema()), HadoopStore.hadoopPath(file.toString()))
                .build()) {
            for (Group row = reader.read(); row != null; row = reader.read()) {
                target.accept(row);
            }
        }
    }

    private static PreparedRow row(Group row, TokenRow tokens) {
        return new PreparedRow(
                row.getString("row_id", 0),
                row.getString("source", 0),
                row.getLong("row_number", 0),
                Split.valueOf(row.getString("split", 0).toUpperCase(Locale.ROOT)),
                tokens,
                label(row),
                number(row, "cut").orElse(0));
    }

    private static int[] label(Group row) {
        return has(row, WORDS)
                ? ints(row, WORDS)
                : number(row, "label").stream().toArray();
    }

    private static OptionalInt number(Group row, String column) {
        return has(row, column) ? OptionalInt.of(row.getInteger(column, 0)) : OptionalInt.empty();
    }

    private static boolean has(Group row, String column) {
        return row.getType().containsField(column) && row.getFieldRepetitionCount(column) > 0;
    }

    private static TokenRow tokens(Group row) {
        int[] ids = ints(row, "input_ids");
        TokenRow tokens = TokenRow.of(ids, labels(row, ids.length));
        return new TokenRow(ids, tokens.trained(), number(row, SECOND).orElse(ids.length));
    }

    private static int[] labels(Group row, int length) {
        if (has(row, "labels")) {
            return ints(row, "labels");
        }
        int[] none = new int[length];
        Arrays.fill(none, TokenRow.IGNORED);
        return none;
    }

    private static int[] ints(Group row, String column) {
        Group list = row.getGroup(column, 0);
        int[] ints = new int[list.getFieldRepetitionCount(0)];
        for (int i = 0; i < ints.length; i++) {
            ints[i] = list.getInteger(0, i);
        }
        return ints;
    }

    /** Reads of some columns those that a file has. */
    private static final class ThoseThere extends GroupReadSupport {
        private final MessageType wanted;

        ThoseThere(MessageType wanted) {
            this.wanted = wanted;
        }

        @Override
        public ReadContext init(Configuration settings, Map<String, String> metadata, MessageType file) {
            return new ReadContext(new MessageType(
                    wanted.getName(),
                    wanted.getFields().stream()
                            .filter(column -> file.containsField(column.getName()))
                            .toList()));
        }
    }
}
