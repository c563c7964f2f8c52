package dev.temper.storage;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A store that begins no file, and deletes none, once a claim is gone. */
record GuardedStore(Store store, String claim) implements Store {
    @Override
    public OutputStream write(String location) throws IOException {
        checkClaim();
        return store.write(location);
    }

    @Override
    public void delete(String location) throws IOException {
        checkClaim();
        store.delete(location);
    }

    @Override
    public void deleteEmpty(String folder) throws IOException {
        checkClaim();
        store.deleteEmpty(folder);
    }

    private void checkClaim() throws IOException {
        Lease.checkThere(store, claim);
    }

    @Override
    public InputStream read(String location) throws IOException {
        return store.read(location);
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
    public Optional<Path> localPath(String location) {
        return store.localPath(location);
    }
}
