package dev.temper.spark.table;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.List;
import scala.Tuple2;

/**
 * Of the rows of a table in whatever order.
 *
 * @param sum of bytes of their hashes
 */
record SnapshotTotal(long rows, long sum) implements Serializable {
    static final SnapshotTotal NONE = new SnapshotTotal(0, 0);

    /** @param key a row's, which its hash begins */
    static SnapshotTotal of(byte[] key) {
        return new SnapshotTotal(
                1, ByteBuffer.wrap(key).getLong(Long.BYTES)); // its first bytes are alike in a partition
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
