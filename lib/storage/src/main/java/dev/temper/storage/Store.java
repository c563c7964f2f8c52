package dev.temper.storage;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Files and folders by location (a path, or a URI such as {@code s3a://bucket/key}). Only what an object store can do:
 * whole files written once, no rename, folders that exist because files are in them.
 */
public interface Store {
    /**
     * A file or folder below a listed folder.
     *
     * @param name the last part of its location
     * @param bytes its size, 0 for a folder
     */
    record Entry(String name, boolean isFolder, long bytes) {}

    /** @throws java.io.FileNotFoundException or NoSuchFileException when there is no such file */
    InputStream read(String location) throws IOException;

    /** Replaces the file. It is complete once the stream is closed; an object store shows nothing of it before. */
    OutputStream write(String location) throws IOException;

    /** What lies directly in a folder, by name; empty when there is no such folder. */
    List<Entry> list(String folder) throws IOException;

    /** The file or folder at this location, if there is one. */
    Optional<Entry> find(String location) throws IOException;

    /** Deletes a file, or a folder with all in it; nothing happens when there is none. */
    void delete(String location) throws IOException;

    /** Deletes a folder in which nothing lies, and no other; nothing happens on stores that have no folders. */
    default void deleteEmpty(String folder) throws IOException {}

    /** The path on this machine's own disk, for memory-mapping; empty when the store is remote. */
    Optional<Path> localPath(String location);
}
