package dev.temper.storage;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A store that forwards every call to another store; subclasses override some of them. */
abstract class FilterStore implements Store {
    private final Store store;

    FilterStore(Store store) {
        this.store = store;
    }

    @Override
    public InputStream read(String location) throws IOException {
        return store.read(location);
    }

    @Override
    public OutputStream write(String location) throws IOException {
        return store.write(location);
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
    }

    @Override
    public void deleteEmpty(String folder) throws IOException {
        store.deleteEmpty(folder);
    }

    @Override
    public Optional<Path> localPath(String location) {
        return store.localPath(location);
    }
}
