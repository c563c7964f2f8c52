package dev.temper.spark.table;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.List;
import scala.Tuple2;

/**
 * Count and checksum of the rows of a table, independent of their order.
 *
 * @param sum of parts of the rows' hashes
 */
record SnapshotTotal(long rows, long sum) implements Serializable {
    static final SnapshotTotal NONE = new SnapshotTotal(0, 0);

    /** @param key of a row, which begins with its hash */
    static SnapshotTotal of(byte[] key) {
        return new SnapshotTotal(
                1, ByteBuffer.wrap(key).getLong(Long.BYTES)); // the first bytes of all hashes in a partition are alike
    }

    static Iterator<SnapshotTotal> of(Iterator<Tuple2<byte[], byte[]>> rows) {
        SnapshotTotal total = NONE;
        while (rows.hasNext()) {
            total = total.plus(of(rows.next()._1()));
        }
        return List.of(total).iterator();
    }

    SnapshotTotal plus(SnapshotTotal other) {
        return new SnapshotTotal(rows + other.rows, sum + other.sum);
    }
}
