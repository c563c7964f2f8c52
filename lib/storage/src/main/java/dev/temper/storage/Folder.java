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

/** A folder of a store. File names are relative to it, with {@code /} between their parts. */
public record Folder(Store store, String location) {
    public Folder {
        location = location.length() > 1 && location.endsWith("/")
                ? location.substring(0, location.length() - 1)
                : location;
    }

    /** A folder on the local disk. */
    public static Folder local(Path path) {
        return new Folder(new LocalStore(), path.toString());
    }

    /** The location of a file in this folder. */
    public String location(String name) {
        return location + "/" + name;
    }

    public Folder child(String name) {
        return new Folder(store, location(name));
    }

    /**
     * Opens a file for reading.
     *
     * @throws java.io.FileNotFoundException or NoSuchFileException when there is no such file
     */
    public InputStream read(String name) throws IOException {
        return store.read(location(name));
    }

    /** The content of a UTF-8 file. */
    public String readText(String name) throws IOException {
        try (InputStream in = read(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** Creates or replaces a file. It is complete when the stream is closed. */
    public OutputStream write(String name) throws IOException {
        return store.write(location(name));
    }

    /** Creates or replaces a file with this text in UTF-8. */
    public void writeText(String name, String text) throws IOException {
        try (OutputStream out = write(name)) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
    }

    /** The files and folders directly in this folder, sorted by name. */
    public List<Store.Entry> list() throws IOException {
        return store.list(location);
    }

    /** Size of a file in bytes; empty when there is no such file. */
    public Optional<Long> bytes(String name) throws IOException {
        return store.find(location(name)).filter(entry -> !entry.isFolder()).map(Store.Entry::bytes);
    }

    /** SHA-256 of a file in hexadecimal digits. Reads all of it. */
    public String sha256(String name) throws IOException {
        try (InputStream in = read(name)) {
            return Hashes.sha256(in);
        }
    }

    /** Whether the file exists and has this size and SHA-256. */
    public boolean holds(String name, long bytes, String sha256) throws IOException {
        return bytes(name).equals(Optional.of(bytes)) && sha256(name).equals(sha256);
    }

    public boolean has(String name) throws IOException {
        return store.find(location(name)).isPresent();
    }

    /** Deletes a file, or a folder with everything in it, if there is one. */
    public void delete(String name) throws IOException {
        store.delete(location(name));
    }

    /**
     * This folder as a local path. A local folder is returned as it is; the files of a remote one are copied to
     * {@code target}.
     *
     * @param wanted selects the files to copy by name; a name that ends in {@code /} asks whether all of a folder is
     *     copied
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
