package dev.temper.storage;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** One folder of a store; names are relative to it, with {@code /} between their parts. */
public record Folder(Store store, String location) {
    public Folder {
        location = location.length() > 1 && location.endsWith("/")
                ? location.substring(0, location.length() - 1)
                : location;
    }

    /** A folder on this machine's disk. */
    public static Folder local(Path path) {
        return new Folder(new LocalStore(), path.toString());
    }

    public String location(String name) {
        return location + "/" + name;
    }

    public Folder child(String name) {
        return new Folder(store, location(name));
    }

    public InputStream read(String name) throws IOException {
        return store.read(location(name));
    }

    public String readText(String name) throws IOException {
        try (InputStream in = read(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    public OutputStream write(String name) throws IOException {
        return store.write(location(name));
    }

    public void writeText(String name, String text) throws IOException {
        try (OutputStream out = write(name)) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
    }

    public List<Store.Entry> list() throws IOException {
        return store.list(location);
    }

    /** The size in bytes of a file here; empty when there is none. */
    public Optional<Long> bytes(String name) throws IOException {
        return store.find(location(name)).filter(entry -> !entry.isFolder()).map(Store.Entry::bytes);
    }

    /** SHA-256 of a file here, in hexadecimal. */
    public String sha256(String name) throws IOException {
        try (InputStream in = read(name)) {
            return Hashes.sha256(in);
        }
    }

    /** Whether a file is here with this size and this SHA-256. */
    public boolean holds(String name, long bytes, String sha256) throws IOException {
        return bytes(name).equals(Optional.of(bytes)) && sha256(name).equals(sha256);
    }

    public boolean has(String name) throws IOException {
        return store.find(location(name)).isPresent();
    }

    public void delete(String name) throws IOException {
        store.delete(location(name));
    }

    /**
     * This folder's path when it is on this machine's disk; otherwise its files are copied into {@code target} first.
     *
     * @param wanted which file names are copied; folders, of which all that is wanted is, have a {@code /} at their end
     */
    public Path localize(Path target, Predicate<String> wanted) throws IOException {
        Optional<Path> path = store.localPath(location);
        if (path.isPresent()) {
            return path.get();
        }
        Files.createDirectories(target);
        for (Store.Entry entry : list()) {
            if (entry.isFolder() && wanted.test(entry.name() + "/")) {
                child(entry.name()).localize(target.resolve(entry.name()), wanted);
            } else if (!entry.isFolder() && wanted.test(entry.name())) {
                copy(entry.name(), target.resolve(entry.name()));
            }
        }
        return target;
    }

    private void copy(String name, Path file) throws IOException {
        try (InputStream in = read(name);
                OutputStream out = Files.newOutputStream(file)) {
            in.transferTo(out);
        }
    }
}
