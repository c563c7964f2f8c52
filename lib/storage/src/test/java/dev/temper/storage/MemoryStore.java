package dev.temper.storage;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/** Files in memory, as an object store keeps them: each operation happens at one moment, and all see it after that. */
final class MemoryStore implements Store {
    private final TreeMap<String, byte[]> files = new TreeMap<>();

    @Override
    public synchronized InputStream read(String location) throws IOException {
        if (!files.containsKey(location)) {
            throw new FileNotFoundException(location);
        }
        return new ByteArrayInputStream(files.get(location));
    }

    @Override
    public OutputStream write(String location) {
        return new ByteArrayOutputStream() {
            @Override
            public void close() {
                put(location, toByteArray());
            }
        };
    }

    private synchronized void put(String location, byte[] bytes) {
        files.put(location, bytes);
    }

    @Override
    public synchronized List<Entry> list(String folder) {
        return files.entrySet().stream()
                .filter(file -> file.getKey().startsWith(folder + "/"))
                .map(file -> new Entry(file.getKey().substring(folder.length() + 1), false, file.getValue().length))
                .toList();
    }

    @Override
    public synchronized Optional<Entry> find(String location) {
        return files.containsKey(location)
                ? Optional.of(new Entry(location.replaceAll(".*/", ""), false, files.get(location).length))
                : Optional.empty();
    }

    @Override
    public synchronized void delete(String location) {
        files.keySet().removeIf(file -> file.equals(location) || file.startsWith(location + "/"));
    }

    @Override
    public Optional<Path> localPath(String location) {
        return Optional.empty();
    }
}
