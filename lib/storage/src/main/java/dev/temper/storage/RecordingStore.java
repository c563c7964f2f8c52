package dev.temper.storage;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Map;
import java.util.TreeMap;

/** Records the size of each file that is written through it, so that other processes can check that they see them. */
public final class RecordingStore extends FilterStore {
    private final Map<String, Long> written = new TreeMap<>();

    public RecordingStore(Store store) {
        super(store);
    }

    /** Bytes of each written file, by location. */
    public synchronized Map<String, Long> written() {
        return new TreeMap<>(written);
    }

    /** Adds files that another process has written. */
    public synchronized void add(Map<String, Long> files) {
        written.putAll(files);
    }

    @Override
    public OutputStream write(String location) throws IOException {
        return new FilterOutputStream(super.write(location)) {
            private long bytes;

            @Override
            public void write(int b) throws IOException {
                out.write(b);
                bytes++;
            }

            @Override
            public void write(byte[] source, int offset, int length) throws IOException {
                out.write(source, offset, length); // the inherited method writes byte by byte
                bytes += length;
            }

            @Override
            public void close() throws IOException {
                super.close();
                add(Map.of(location, bytes));
            }
        };
    }

    @Override
    public void delete(String location) throws IOException {
        super.delete(location);
        synchronized (this) {
            written.keySet().removeIf(file -> (file + "/").startsWith(location + "/"));
        }
    }
}
