package dev.temper.spark.table;

import dev.temper.spark.preparing.RowShape;
import dev.temper.spark.reading.ParquetSlice;
import dev.temper.spark.reading.ParquetValues;
import dev.temper.spark.reading.ReadTable;
import dev.temper.spark.source.FileKind;
import dev.temper.spark.source.SourceFiles.SourceFile;
import dev.temper.spark.source.SourceFiles.Use;
import dev.temper.spark.source.Sources.InputFile;
import dev.temper.spark.source.Sources.Origin;
import dev.temper.storage.Hashes;
import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.parquet.hadoop.api.WriteSupport;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.UnsafeProjection;
import org.apache.spark.sql.catalyst.expressions.UnsafeRow;
import scala.Tuple2;

/**
 * Turns the rows of a table into sort keys: the content hash that the row will have when it is read, followed by the
 * row in Spark's binary format, which is equal for equal values.
 */
record SnapshotRows(String name, TableRecords records, ReadTable table, RowShape shape) implements Serializable {
    private static final byte[] NOTHING = new byte[0];

    Iterator<Tuple2<byte[], byte[]>> keys(Iterator<InternalRow> rows) {
        InputFile file = new InputFile(0, new SourceFile(name, "", 0), FileKind.PARQUET, new Origin(0, Use.TRAIN, 1));
        ParquetValues values = new ParquetValues(new ParquetSlice(file, 0, 0, 1), table, records.parquetSchema());
        WriteSupport<InternalRow> replay = records.replaying(values);
        UnsafeProjection projection = UnsafeProjection.create(records.schema());
        MessageDigest sha256 = Hashes.sha256();
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return rows.hasNext();
            }

            @Override
            public Tuple2<byte[], byte[]> next() {
                UnsafeRow row = projection.apply(rows.next());
                replay.write(row);
                byte[] content = shape.content(values.getCurrentRecord(), sha256);
                byte[] bytes = row.getBytes();
                byte[] key = ByteBuffer.allocate(content.length + bytes.length)
                        .put(content)
                        .put(bytes)
                        .array();
                return new Tuple2<>(key, NOTHING);
            }
        };
    }

    /** Writes the files of a range of hashes. */
    Iterator<SnapshotFile> write(Iterator<Tuple2<byte[], byte[]>> rows, SnapshotFile.Naming naming) throws IOException {
        List<SnapshotFile> written = new ArrayList<>();
        byte[] key = rows.hasNext() ? rows.next()._1() : null;
        while (key != null) {
            int file = SnapshotFile.range(key, naming.bits());
            try (SnapshotFile.Writing writing = new SnapshotFile.Writing(records)) {
                while (key != null && SnapshotFile.range(key, naming.bits()) == file) {
                    writing.add(key, row(key));
                    key = rows.hasNext() ? rows.next()._1() : null;
                }
                written.add(writing.put(naming.place(), naming.name(file)));
            }
        }
        return written.iterator();
    }

    private InternalRow row(byte[] key) {
        UnsafeRow row = new UnsafeRow(records.schema().length());
        byte[] bytes = new byte[key.length - Hashes.BYTES];
        System.arraycopy(key, Hashes.BYTES, bytes, 0, bytes.length);
        row.pointTo(bytes, bytes.length);
        return row;
    }
}
