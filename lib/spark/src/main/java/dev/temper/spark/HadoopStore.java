package dev.temper.spark;

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
import org.apache.spark.sql.SparkSession;

/**
 * Files wherever Hadoop reaches: {@code s3a:}, {@code hdfs:} and the rest. A plain path and {@code file:} are this
 * machine's disk. Travels to executors with its configuration.
 */
public final class HadoopStore implements Store, Serializable {
    private static final long serialVersionUID = 1L;
    private static final Pattern SCHEME = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]+:.*");

    private transient Configuration configuration;

    public HadoopStore(Configuration configuration) {
        this.configuration = configuration;
    }

    /** With the settings of this session, {@code spark.hadoop.*} among them. */
    public static HadoopStore of(SparkSession spark) {
        return new HadoopStore(spark.sparkContext().hadoopConfiguration());
    }

    /** The same place seen from any working directory: a plain path becomes an absolute one. */
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
        Path path = new Path(location);
        return path.getFileSystem(configuration).open(path);
    }

    /** Reads from a byte on, without reading what stands before it. */
    public InputStream read(String location, long offset) throws IOException {
        if (isLocal(location)) {
            return Channels.newInputStream(
                    Files.newByteChannel(local().localPath(localName(location)).orElseThrow())
                            .position(offset));
        }
        Path path = new Path(location);
        FSDataInputStream in = path.getFileSystem(configuration).open(path);
        in.seek(offset);
        return in;
    }

    /** Copies a file of this machine to its place in one put; a put that breaks off leaves nothing on object stores. */
    void put(java.nio.file.Path file, String location) throws IOException {
        if (isLocal(location)) {
            try (OutputStream out = write(location)) {
                Files.copy(file, out);
            }
            return;
        }
        Path path = new Path(location);
        path.getFileSystem(configuration).copyFromLocalFile(false, true, hadoopPath(file.toString()), path);
    }

    @Override
    public OutputStream write(String location) throws IOException {
        if (isLocal(location)) {
            return local().write(localName(location)); // Hadoop's own local file system leaves .crc files
        }
        Path path = new Path(location);
        return path.getFileSystem(configuration).create(path, true);
    }

    @Override
    public List<Entry> list(String folder) throws IOException {
        if (isLocal(folder)) {
            return local().list(localName(folder));
        }
        Path path = new Path(folder);
        FileSystem files = path.getFileSystem(configuration);
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
        Path path = new Path(location);
        try {
            return Optional.of(entry(path.getFileSystem(configuration).getFileStatus(path)));
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
        Path path = new Path(location);
        path.getFileSystem(configuration).delete(path, true);
    }

    @Override
    public Optional<java.nio.file.Path> localPath(String location) {
        return isLocal(location) ? local().localPath(localName(location)) : Optional.empty();
    }

    /** As Hadoop and Spark write it: a local path with {@code file:} in front, whatever the default file system. */
    static Path hadoopPath(String location) {
        return isLocal(location) ? new Path("file", null, resolve(location)) : new Path(location);
    }

    /** A file or folder of this machine without links; empty where it is elsewhere or not there. */
    Optional<java.nio.file.Path> realPath(String location) throws IOException {
        Optional<java.nio.file.Path> path = localPath(location);
        return path.isPresent() && Files.exists(path.get())
                ? Optional.of(path.get().toRealPath())
                : Optional.empty();
    }

    Configuration configuration() {
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
        configuration = new Configuration(false); // the defaults are among what was written
        configuration.readFields(in);
    }
}
