package dev.temper.spark;

import dev.temper.text.RejectedRowException.Reason;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.Map;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * Gives each row its source, number and content hash.
 *
 * <p>In: the columns, the record if it is malformed, its file, its number (null: rows of a file are counted as they
 * come, so all of a file must be in one partition, in order). Out: the columns, source, row_number, content, reason,
 * detail.
 */
final class NumberRows implements MapPartitionsFunction<Row, Row> {
    private static final long serialVersionUID = 1L;
    private static final int SHOWN_CHARACTERS = 100;

    private final int numColumns;
    private final HashMap<String, String> sources; // by Hadoop's path

    NumberRows(int numColumns, Map<String, String> sources) {
        this.numColumns = numColumns;
        this.sources = new HashMap<>(sources);
    }

    @Override
    public Iterator<Row> call(Iterator<Row> rows) throws Exception {
        MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
        Map<String, Long> counts = new HashMap<>();
        Map<String, String> sourcesOfFiles = new HashMap<>();
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return rows.hasNext();
            }

            @Override
            public Row next() {
                Row row = rows.next();
                String file = row.getString(numColumns + 1);
                long count = counts.merge(file, 1L, Long::sum);
                long number = row.isNullAt(numColumns + 2) ? count : row.getLong(numColumns + 2);
                String source = sourcesOfFiles.computeIfAbsent(file, NumberRows.this::source);
                return numbered(row, source, number, content(row, sha256));
            }
        };
    }

    private Row numbered(Row row, String source, long number, String content) {
        Object[] values = new Object[numColumns + 5];
        for (int i = 0; i < numColumns; i++) {
            values[i] = row.get(i);
        }
        values[numColumns] = source;
        values[numColumns + 1] = number;
        values[numColumns + 2] = content;
        String malformed = row.getString(numColumns);
        if (malformed != null) {
            values[numColumns + 3] = Reason.MALFORMED.label();
            values[numColumns + 4] = malformed.substring(0, Math.min(SHOWN_CHARACTERS, malformed.length()));
        }
        return RowFactory.create(values);
    }

    // Spark's own file column is an escaped URI, its JSON and Hadoop's paths are not.
    private String source(String file) {
        String source = sources.get(file);
        return source != null ? source : sources.get(new Path(URI.create(file)).toString());
    }

    private String content(Row row, MessageDigest sha256) {
        for (int i = 0; i <= numColumns; i++) {
            Object value = row.get(i);
            String text = value == null ? "" : value.toString();
            String length =
                    value == null ? "null" : String.valueOf(text.length()); // so that "a","bc" differs from "ab","c"
            sha256.update((length + ":" + text).getBytes(StandardCharsets.UTF_8));
        }
        return HexFormat.of().formatHex(sha256.digest());
    }
}
