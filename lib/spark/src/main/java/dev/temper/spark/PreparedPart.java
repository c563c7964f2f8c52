package dev.temper.spark;

import static dev.temper.check.Check.check;

import dev.temper.spark.ParquetTable.Column;
import dev.temper.spark.ParquetTable.Kind;
import dev.temper.spark.PreparedManifest.Part;
import dev.temper.spark.PreparedRow.Split;
import dev.temper.storage.Folder;
import dev.temper.text.TokenRow;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.example.GroupReadSupport;
import org.apache.spark.sql.Row;
import scala.Tuple2;

/** One Parquet file of prepared rows. */
final class PreparedPart {
    private static final ParquetTable TABLE = new ParquetTable(List.of(
            new Column("row_id", Kind.STRING),
            new Column("source", Kind.STRING),
            new Column("row_number", Kind.LONG),
            new Column("split", Kind.STRING),
            new Column("input_ids", Kind.INTS),
            new Column("labels", Kind.INTS)));

    private PreparedPart() {}

    /** @param rows by their index, with the columns of the table, among others */
    static Part write(Folder folder, String name, Iterator<Tuple2<Long, Row>> rows) throws IOException {
        MessageDigest digest = Hashes.sha256();
        CountedStream counted = new CountedStream(folder.write(name));
        long count = 0;
        try (ParquetTable.Writer writer = TABLE.repeatableWriter(new DigestOutputStream(counted, digest))) {
            while (rows.hasNext()) {
                Row row = rows.next()._2();
                writer.add(List.of(
                        row.<String>getAs("row_id"),
                        row.<String>getAs("source"),
                        row.<Long>getAs("row_number"),
                        row.<String>getAs("split"),
                        StageColumns.ints(row, "input_ids"),
                        StageColumns.ints(row, "labels")));
                count++;
            }
        }
        return new Part(name, counted.bytes, Hashes.hex(digest.digest()), count);
    }

    /** Hands over the rows in their order; a remote file is copied to this machine first. */
    static void read(Folder folder, Part part, Consumer<PreparedRow> target) throws IOException {
        Optional<Path> local = folder.store().localPath(folder.location(part.name()));
        if (local.isPresent()) {
            read(local.get(), target);
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
            read(copy, target);
        } finally {
            Files.deleteIfExists(copy);
        }
    }

    private static void read(Path file, Consumer<PreparedRow> target) throws IOException {
        try (ParquetReader<Group> reader = ParquetReader.builder(
                        new GroupReadSupport(), HadoopStore.hadoopPath(file.toString()))
                .build()) {
            for (Group row = reader.read(); row != null; row = reader.read()) {
                Split split = Split.valueOf(row.getString("split", 0).toUpperCase(Locale.ROOT));
                TokenRow tokens = TokenRow.of(ints(row, "input_ids"), ints(row, "labels"));
                target.accept(new PreparedRow(row.getString("row_id", 0), split, tokens));
            }
        }
    }

    private static int[] ints(Group row, String column) {
        Group list = row.getGroup(column, 0);
        int[] ints = new int[list.getFieldRepetitionCount(0)];
        for (int i = 0; i < ints.length; i++) {
            ints[i] = list.getGroup(0, i).getInteger(0, 0);
        }
        return ints;
    }

    private static final class CountedStream extends FilterOutputStream {
        private long bytes;

        CountedStream(OutputStream out) {
            super(out);
        }

        @Override
        public void write(int b) throws IOException {
            out.write(b);
            bytes++;
        }

        @Override
        public void write(byte[] buffer, int offset, int length) throws IOException {
            out.write(buffer, offset, length);
            bytes += length;
        }
    }
}
