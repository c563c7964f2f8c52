package dev.temper.spark;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.zip.GZIPInputStream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** The lines of one file that are not blank, with their numbers; the file closes after the last. */
final class JsonLines implements Iterator<Row> {
    static final String LINE = "line";
    static final String FILE = "file";
    static final String NUMBER = "number";
    static final StructType SCHEMA = new StructType()
            .add(LINE, DataTypes.StringType)
            .add(FILE, DataTypes.StringType)
            .add(NUMBER, DataTypes.LongType);
    private static final String BYTE_ORDER_MARK = "\uFEFF";

    private final BufferedReader in;
    private final String file;
    private String line; // the next one, null after the last
    private long number;

    private JsonLines(BufferedReader in, String file) {
        this.in = in;
        this.file = file;
    }

    static JsonLines open(HadoopStore store, String location, String charset) throws IOException {
        InputStream bytes = store.read(location);
        InputStream plain = location.endsWith(".gz") ? new GZIPInputStream(bytes) : bytes;
        String file = HadoopStore.hadoopPath(location).toString();
        JsonLines lines = new JsonLines(new BufferedReader(new InputStreamReader(plain, charset)), file);
        lines.advance();
        return lines;
    }

    @Override
    public boolean hasNext() {
        return line != null;
    }

    @Override
    public Row next() {
        if (line == null) {
            throw new NoSuchElementException();
        }
        Row row = RowFactory.create(line, file, number);
        advance();
        return row;
    }

    private void advance() {
        try {
            do {
                line = in.readLine();
                number++;
                if (number == 1 && line != null && line.startsWith(BYTE_ORDER_MARK)) {
                    line = line.substring(1);
                }
            } while (line != null && line.isBlank());
            if (line == null) {
                in.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
