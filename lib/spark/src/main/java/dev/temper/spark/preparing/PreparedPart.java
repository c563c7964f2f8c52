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
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.api.ReadSupport;
import org.apache.parquet.hadoop.example.GroupReadSupport;

/** Reads and writes one Parquet file of prepared rows. */
final class PreparedPart {
    static final ParquetTable TABLE = new ParquetTable(List.of(
            new Column("row_id", Kind.STRING),
            new Column("source", Kind.STRING),
            new Column("row_number", Kind.LONG),
            new Column("split", Kind.STRING),
            new Column("input_ids", Kind.INTS),
            new Column("labels", Kind.INTS),
            new Column("label", Kind.INT),
            new Column("cut", Kind.INT)));

    private PreparedPart() {}

    /** The columns that say what a row is, not its tokens. */
    private static final ParquetTable ORIGINS = new ParquetTable(TABLE.columns().stream()
            .filter(column -> column.kind() != Kind.INTS)
            .toList());

    /** Hands over the rows in their order; a remote file is copied to this machine first. */
    static void read(Folder folder, Part part, Consumer<PreparedRow> target) throws IOException {
        read(folder, part, TABLE, row -> target.accept(row(row, tokens(row))));
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
        Configuration wanted = new Configuration();
        wanted.set(ReadSupport.PARQUET_READ_SCHEMA, columns.schema().toString());
        try (ParquetReader<Group> reader = ParquetReader.builder(
                        new GroupReadSupport(), HadoopStore.hadoopPath(file.toString()))
                .withConf(wanted)
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
                number(row, "label"),
                number(row, "cut").orElse(0));
    }

    private static OptionalInt number(Group row, String column) {
        return row.getFieldRepetitionCount(column) == 0
                ? OptionalInt.empty()
                : OptionalInt.of(row.getInteger(column, 0));
    }

    private static TokenRow tokens(Group row) {
        int[] ids = ints(row, "input_ids");
        return TokenRow.of(ids, labels(row, ids.length));
    }

    private static int[] labels(Group row, int length) {
        if (row.getFieldRepetitionCount("labels") > 0) {
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
}
