package dev.temper.storage;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Remembers how many bytes each file got that is written through it, so that others can look whether they are there.
 */
public final class RecordingStore implements Store {
    private final Store store;
    private final Map<String, Long> written = new TreeMap<>();

    public RecordingStore(Store store) {
        this.store = store;
    }

    /** The bytes of each file by its location. */
    public synchronized Map<String, Long> written() {
        return new TreeMap<>(written);
    }

    /** Adds what somebody else has written. */
    public synchronized void add(Map<String, Long> files) {
        written.putAll(files);
    }

    @Override
    public InputStream read(String location) throws IOException {
        return store.read(location);
    }

    @Override
    public OutputStream write(String location) throws IOException {
        return new FilterOutputStream(store.write(location)) {
            private long bytes;

            @Override
            public void write(int b) throws IOException {
                out.write(b);
                bytes++;
            }

            @Override
            public void write(byte[] source, int offset, int length) throws IOException {
                out.write(source, offset, length); // not byte by byte, as it is inherited
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
    public List<Entry> list(String folder) throws IOException {
        return store.list(folder);
    }

    @Override
    public Optional<Entry> find(String location) throws IOException {
        return store.find(location);
    }

    @Override
    public void delete(String location) throws IOException {
        store.delete(location);
        synchronized (this) {
            written.keySet().removeIf(file -> (file + "/").startsWith(location + "/"));
        }
    }

    @Override
    public Optional<Path> localPath(String location) {
        return store.localPath(location);
    }
}
