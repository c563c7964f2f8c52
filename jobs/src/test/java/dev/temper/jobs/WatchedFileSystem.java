package dev.temper.jobs;

import java.io.IOException;
import java.net.URI;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.util.Progressable;

/**
 * The disk under the scheme {@code watched:}, where a file is seen as it grows, as on HDFS. Every change of it is told
 * to who watches, before it happens and after; or it ends the process, as a killed one ends.
 */
public final class WatchedFileSystem extends RawLocalFileSystem {
    /** What properties of the recipe's file systems are called before there is a session. */
    static final String PROPERTY = "spark.hadoop.fs.watched.impl";

    static final String HALT = "temper.test.halt";
    private static final AtomicInteger CHANGES = new AtomicInteger();
    private static volatile Watcher watcher = (change, path) -> {};

    /** What happens to a file or folder. */
    enum Change {
        BEFORE_CREATE,
        CREATED,
        BEFORE_DELETE,
        DELETED
    }

    /** Hears of changes, one at a time. */
    interface Watcher {
        void changed(Change change, java.nio.file.Path path) throws IOException;
    }

    static void watch(Watcher next) {
        watcher = next;
    }

    @Override
    public URI getUri() {
        return URI.create("watched:///");
    }

    @Override
    public String getScheme() {
        return "watched";
    }

    @Override
    public FSDataOutputStream create(
            Path path, boolean overwrite, int buffer, short replication, long block, Progressable progress)
            throws IOException {
        tell(Change.BEFORE_CREATE, path);
        FSDataOutputStream out = super.create(path, overwrite, buffer, replication, block, progress);
        return new FSDataOutputStream(out, null) {
            private boolean isClosed;

            @Override
            public void close() throws IOException {
                super.close();
                if (!isClosed) {
                    isClosed = true;
                    tell(Change.CREATED, path);
                }
            }
        };
    }

    @Override
    public boolean delete(Path path, boolean recursive) throws IOException {
        tell(Change.BEFORE_DELETE, path);
        boolean isDeleted = super.delete(path, recursive);
        tell(Change.DELETED, path);
        return isDeleted;
    }

    private static void tell(Change change, Path path) throws IOException {
        if (path.getName().endsWith(".beat")) {
            return; // they come and go with the time
        }
        synchronized (CHANGES) {
            if (CHANGES.incrementAndGet() == Integer.getInteger(HALT, 0)) {
                Runtime.getRuntime().halt(137);
            }
            watcher.changed(change, java.nio.file.Path.of(path.toUri().getPath()));
        }
    }
}
