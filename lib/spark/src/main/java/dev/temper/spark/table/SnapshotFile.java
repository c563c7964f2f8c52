package dev.temper.spark.table;

import dev.temper.spark.cluster.LeasedFolder;
import dev.temper.spark.storage.ParquetTable;
import dev.temper.storage.Hashes;
import dev.temper.storage.Lease;
import java.io.Closeable;
import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.spark.sql.catalyst.InternalRow;

/**
 * One file of a {@link TableSnapshot}.
 *
 * @param hash of its rows; a hash of its bytes would also depend on the version of the compression library
 */
record SnapshotFile(String name, long bytes, SnapshotTotal total, String hash) implements Serializable {
    /**
     * Names and location of the files.
     *
     * @param bits number of leading bits of a row's hash that select its file
     */
    record Naming(LeasedFolder place, String prefix, int bits) implements Serializable {
        String name(int file) {
            return "%s-%05d.parquet".formatted(prefix, file);
        }
    }

    /** The range of hashes that this one belongs to; ranges are ordered as hashes are. */
    static int range(byte[] hash, int bits) {
        return (((hash[0] & 0xFF) << 8 | (hash[1] & 0xFF)) << 8 | (hash[2] & 0xFF)) >>> (24 - bits);
    }

    /** Writes one file, first to the local disk. */
    static final class Writing implements Closeable {
        private final Path file = Files.createTempFile("temper-table-", ".parquet");
        private final MessageDigest hash = Hashes.sha256();
        private final ParquetWriter<InternalRow> rows;
        private SnapshotTotal total = SnapshotTotal.NONE;

        Writing(TableRecords records) throws IOException {
            this.rows = ParquetTable.repeatable(Files.newOutputStream(file), records.writing());
        }

        void add(byte[] key, InternalRow row) throws IOException {
            rows.write(row);
            hash.update(ByteBuffer.allocate(Integer.BYTES).putInt(key.length).array());
            hash.update(key);
            total = total.plus(SnapshotTotal.of(key));
        }

        SnapshotFile put(LeasedFolder place, String name) throws IOException {
            rows.close();
            Lease.checkThere(place.store(), place.claim());
            place.store().put(file, place.folder().location(name));
            return new SnapshotFile(name, Files.size(file), total, Hashes.hex(hash.digest()));
        }

        @Override
        public void close() throws IOException {
            Files.deleteIfExists(file);
        }
    }
}
