package dev.temper.spark.reading;

import static dev.temper.check.Check.invalid;

import dev.temper.spark.limit.LimitedPages;
import dev.temper.spark.source.Sources.InputFile;
import dev.temper.spark.storage.HadoopStore;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.apache.hadoop.fs.Seekable;
import org.apache.parquet.HadoopReadOptions;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.SchemaElement;
import org.apache.parquet.format.Util;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopCodecs;
import org.apache.parquet.io.DelegatingSeekableInputStream;
import org.apache.parquet.io.SeekableInputStream;

/**
 * A Parquet file on any store and with any name; Hadoop's own paths cannot contain colons. Its footer may contain types
 * that are newer than this Parquet library, such as half floats. They are replaced by their physical types, so that a
 * column that is not read does no harm.
 */
final class ParquetSource implements org.apache.parquet.io.InputFile {
    private static final byte[] MAGIC = {'P', 'A', 'R', '1'};
    private static final int END = Integer.BYTES + MAGIC.length;

    private final HadoopStore store;
    private final InputFile file;
    private long dataBytes; // everything before the footer
    private byte[] footer = {}; // replaces that of the file
    private IOException failure;

    private ParquetSource(HadoopStore store, InputFile file) {
        this.store = store;
        this.file = file;
        this.dataBytes = file.file().bytes();
    }

    /** An operation on an open file. */
    interface Use<T> {
        T use(ParquetFileReader reader) throws IOException;
    }

    /**
     * Opens a file.
     *
     * @throws IOException when it cannot be reached
     * @throws dev.temper.check.InvalidInputException when it is damaged, or none
     */
    static Opened open(HadoopStore store, InputFile file) throws IOException {
        ParquetSource source = new ParquetSource(store, file);
        try {
            return new Opened(source, source.reader());
        } catch (IOException | RuntimeException e) {
            throw source.trouble(e);
        }
    }

    /** An open file. */
    record Opened(ParquetSource source, ParquetFileReader reader) implements AutoCloseable {
        <T> T use(Use<T> use) throws IOException {
            try {
                return use.use(reader);
            } catch (IOException | RuntimeException e) {
                throw source.trouble(e);
            }
        }

        @Override
        public void close() throws IOException {
            reader.close();
        }
    }

    private ParquetFileReader reader() throws IOException {
        try {
            return newReader();
        } catch (NullPointerException e) { // the library's reaction to an unknown type
            replaceFooter();
            return newReader();
        }
    }

    private ParquetFileReader newReader() throws IOException {
        return ParquetFileReader.open(
                this,
                HadoopReadOptions.builder(store.configuration())
                        .usePageChecksumVerification()
                        .withCodecFactory(
                                new LimitedPages(HadoopCodecs.newFactory(store.configuration(), 0), file.source()))
                        .build());
    }

    private RuntimeException trouble(Exception e) throws IOException {
        if (failure != null) {
            throw failure;
        }
        return ReadTable.mistake(e)
                .orElseGet(() ->
                        invalid("data: %s cannot be read as Parquet: %s; make it anew", file.source(), e.getMessage()));
    }

    private void replaceFooter() throws IOException {
        byte[] bytes;
        long start;
        try (SeekableInputStream in = newStream()) {
            in.seek(getLength() - END);
            byte[] end = new byte[END];
            in.readFully(end);
            int length = ByteBuffer.wrap(end).order(ByteOrder.LITTLE_ENDIAN).getInt();
            start = getLength() - END - length;
            bytes = new byte[length];
            in.seek(start);
            in.readFully(bytes);
        }
        FileMetaData metadata = Util.readFileMetaData(new ByteArrayInputStream(bytes));
        for (SchemaElement element : metadata.getSchema()) {
            if (element.isSetLogicalType() && element.getLogicalType().getSetField() == null) {
                element.unsetLogicalType();
            }
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Util.writeFileMetaData(metadata, out);
        out.write(ByteBuffer.allocate(Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(out.size())
                .array());
        out.write(MAGIC);
        dataBytes = start;
        footer = out.toByteArray();
    }

    @Override
    public long getLength() {
        return dataBytes + footer.length;
    }

    @Override
    public SeekableInputStream newStream() throws IOException {
        Places places = new Places();
        return new DelegatingSeekableInputStream(places) {
            @Override
            public long getPos() {
                return places.position;
            }

            @Override
            public void seek(long position) throws IOException {
                places.seek(position);
            }
        };
    }

    /** The bytes of the file, with the footer replaced. */
    private final class Places extends InputStream {
        private long position;
        private long at; // position in the stream
        private InputStream in; // null before the first read

        void seek(long to) {
            position = to;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            int count = position < dataBytes ? readData(target, offset, length) : readFooter(target, offset, length);
            position += Math.max(count, 0);
            return count;
        }

        private int readFooter(byte[] target, int offset, int length) {
            int from = (int) Math.min(position - dataBytes, footer.length);
            int count = Math.min(length, footer.length - from);
            System.arraycopy(footer, from, target, offset, count);
            return count == 0 && length > 0 ? -1 : count;
        }

        private int readData(byte[] target, int offset, int length) throws IOException {
            try {
                if (at != position && in instanceof Seekable seekable) {
                    seekable.seek(position);
                } else if (at != position || in == null) {
                    close();
                    in = store.read(file.location(), position);
                }
                at = position;
                int count = in.read(target, offset, (int) Math.min(length, dataBytes - position));
                at += Math.max(count, 0);
                return count;
            } catch (IOException e) {
                failure = e;
                throw e;
            }
        }

        @Override
        public void close() throws IOException {
            if (in != null) {
                in.close();
                in = null;
            }
        }
    }
}
