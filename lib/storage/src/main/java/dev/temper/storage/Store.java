package dev.temper.storage;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Access to files by location: a path, or a URI such as {@code s3a://bucket/key}. It has only operations that an object
 * store supports: files are written once and as a whole, nothing is renamed, and a folder exists because it has files.
 */
public interface Store {
    /**
     * A file or folder in a listing.
     *
     * @param name last part of its location
     * @param bytes size; 0 for a folder
     */
    record Entry(String name, boolean isFolder, long bytes) {}

    /** @throws java.io.FileNotFoundException or NoSuchFileException when there is no such file */
    InputStream read(String location) throws IOException;

    /**
     * Creates or replaces a file. It is complete once the stream is closed; an object store shows nothing of it before.
     */
    OutputStream write(String location) throws IOException;

    /** The files and folders directly in a folder, sorted by name; empty when there is no such folder. */
    List<Entry> list(String folder) throws IOException;

    /** The file or folder at this location, if there is one. */
    Optional<Entry> find(String location) throws IOException;

    /** Deletes a file, or a folder with everything in it. Does nothing when there is none. */
    void delete(String location) throws IOException;

    /** Deletes a folder if it is empty. Does nothing on stores without folders. */
    default void deleteEmpty(String folder) throws IOException {}

    /** The path on the local disk, which can be memory-mapped; empty for a remote store. */
    Optional<Path> localPath(String location);
}
