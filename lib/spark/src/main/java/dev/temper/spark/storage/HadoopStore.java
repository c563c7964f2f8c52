package dev.temper.spark.storage;

import static dev.temper.check.Check.invalid;

import dev.temper.check.InvalidInputException;
import dev.temper.check.Secrets;
import dev.temper.storage.Folder;
import dev.temper.storage.LocalStore;
import dev.temper.storage.Store;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.OutputStream;
import java.io.Serializable;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.PathIsNotEmptyDirectoryException;
import org.apache.hadoop.fs.UnsupportedFileSystemException;
import org.apache.hadoop.util.VersionInfo;
import org.apache.spark.sql.SparkSession;

/**
 * Files on any file system that Hadoop supports, such as {@code s3a:} or {@code hdfs:}. A plain path and {@code file:}
 * are the local disk. Serializable, with its configuration.
 */
public final class HadoopStore implements Store, Serializable {
    private static final long serialVersionUID = 1L;
    private static final Pattern SCHEME = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]+:.*");

    private transient Configuration configuration;
    // whether it was sent to an executor, where an unreachable store may only be away for a while
    private transient boolean isSent;

    public HadoopStore(Configuration configuration) {
        this.configuration = configuration;
        SparkSecrets.learn(configuration);
    }

    /** A store with the settings of this session, {@code spark.hadoop.*} included. */
    public static HadoopStore of(SparkSession spark) {
        return new HadoopStore(spark.sparkContext().hadoopConfiguration());
    }

    /** Why a location cannot be reached or written, in a few words. */
    public static String reason(Exception failure) {
        String message =
                String.valueOf(failure.getMessage()).lines().findFirst().orElse("");
        return message.contains(" ") ? message : failure.getClass().getSimpleName() + " " + message;
    }

    /** The location independent of the working directory: a relative path becomes an absolute one. */
    public static String resolve(String location) {
        return isLocal(location)
                ? java.nio.file.Path.of(localName(location))
                        .toAbsolutePath()
                        .normalize()
                        .toString()
                : location;
    }

    /** A folder that means the same on every machine. */
    public Folder folder(String location) {
        return new Folder(this, resolve(location));
    }

    @Override
    public InputStream read(String location) throws IOException {
        if (isLocal(location)) {
            return local().read(localName(location));
        }
        Path path = path(location);
        return files(path).open(path);
    }

    /** Opens a file at an offset, without reading what precedes it. */
    public InputStream read(String location, long offset) throws IOException {
        if (isLocal(location)) {
            return Channels.newInputStream(
                    Files.newByteChannel(local().localPath(localName(location)).orElseThrow())
                            .position(offset));
        }
        Path path = path(location);
        FSDataInputStream in = files(path).open(path);
        in.seek(offset);
        return in;
    }

    /** Uploads a local file in one put; on object stores an incomplete upload leaves nothing. */
    public void put(java.nio.file.Path file, String location) throws IOException {
        if (isLocal(location)) {
            try (OutputStream out = write(location)) {
                Files.copy(file, out);
            }
            return;
        }
        Path path = path(location);
        files(path).copyFromLocalFile(false, true, hadoopPath(file.toString()), path);
    }

    @Override
    public OutputStream write(String location) throws IOException {
        if (isLocal(location)) {
            return local().write(localName(location)); // Hadoop's own local file system writes .crc files
        }
        Path path = path(location);
        return files(path).create(path, true);
    }

    @Override
    public List<Entry> list(String folder) throws IOException {
        if (isLocal(folder)) {
            return local().list(localName(folder));
        }
        Path path = path(folder);
        FileSystem files = files(path);
        try {
            return files.getFileStatus(path).isFile()
                    ? List.of()
                    : Arrays.stream(files.listStatus(path))
                            .map(HadoopStore::entry)
                            .sorted(Comparator.comparing(Entry::name))
                            .toList();
        } catch (FileNotFoundException e) {
            return List.of();
        }
    }

    @Override
    public Optional<Entry> find(String location) throws IOException {
        if (isLocal(location)) {
            return local().find(localName(location));
        }
        Path path = path(location);
        try {
            return Optional.of(entry(files(path).getFileStatus(path)));
        } catch (FileNotFoundException e) {
            return Optional.empty();
        }
    }

    @Override
    public void delete(String location) throws IOException {
        if (isLocal(location)) {
            local().delete(localName(location));
            return;
        }
        Path path = path(location);
        files(path).delete(path, true);
    }

    @Override
    public void deleteEmpty(String folder) throws IOException {
        if (isLocal(folder)) {
            local().deleteEmpty(localName(folder));
            return;
        }
        Path path = path(folder);
        FileSystem files = files(path);
        try {
            if (files.listStatus(path).length == 0) {
                files.delete(path, false);
            }
        } catch (FileNotFoundException | PathIsNotEmptyDirectoryException e) {
            return; // another process was faster
        }
    }

    @Override
    public Optional<java.nio.file.Path> localPath(String location) {
        return isLocal(location) ? local().localPath(localName(location)) : Optional.empty();
    }

    /** @throws InvalidInputException when the location contains a login, which Hadoop would log */
    private static Path path(String location) {
        Secrets.refuseLogin("a location", location);
        return new Path(location);
    }

    private FileSystem files(Path path) throws IOException {
        try {
            if (!isSent) {
                StoreProbe.verify(path, configuration);
            }
            return SafeFileSystem.of(path, configuration);
        } catch (UnsupportedFileSystemException | LinkageError e) {
            throw withoutLibrary(path, e);
        } catch (RuntimeException e) {
            throw e.getCause() instanceof ClassNotFoundException ? withoutLibrary(path, e) : e;
        }
    }

    private static InvalidInputException withoutLibrary(Path path, Throwable failure) {
        String scheme = path.toUri().getScheme();
        String library = scheme.equals("s3a")
                ? "--packages org.apache.hadoop:hadoop-aws:" + VersionInfo.getVersion()
                : "--packages or --jars";
        return invalid(
                "Hadoop's library for %s: is not on Spark's class path (%s): add it with %s",
                scheme, StoreProbe.reason(failure), library);
    }

    /** The path for APIs of Hadoop and Spark: a local path gets {@code file:}, whatever the default file system is. */
    public static Path hadoopPath(String location) {
        return isLocal(location) ? new Path("file", null, resolve(location)) : new Path(location);
    }

    /** The real path of a local file or folder, with links resolved; empty if it is remote or does not exist. */
    public Optional<java.nio.file.Path> realPath(String location) throws IOException {
        Optional<java.nio.file.Path> path = localPath(location);
        return path.isPresent() && Files.exists(path.get())
                ? Optional.of(path.get().toRealPath())
                : Optional.empty();
    }

    public Configuration configuration() {
        return configuration;
    }

    private static LocalStore local() {
        return new LocalStore();
    }

    private static boolean isLocal(String location) {
        return location.startsWith("file:") || !SCHEME.matcher(location).matches();
    }

    private static String localName(String location) {
        return location.startsWith("file:") ? new Path(location).toUri().getPath() : location;
    }

    private static Entry entry(FileStatus status) {
        boolean isFolder = status.isDirectory();
        return new Entry(status.getPath().getName(), isFolder, isFolder ? 0 : status.getLen());
    }

    private void writeObject(ObjectOutputStream out) throws IOException {
        out.defaultWriteObject();
        configuration.write(out);
    }

    private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
        in.defaultReadObject();
        configuration = new Configuration(false); // what was serialized includes the defaults
        configuration.readFields(in);
        isSent = true;
        SparkSecrets.learn(configuration);
    }
}
