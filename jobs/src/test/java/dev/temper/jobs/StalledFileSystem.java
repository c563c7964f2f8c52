package dev.temper.jobs;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.util.Progressable;

/**
 * The disk under the scheme {@code stalled:}, which does not answer for files whose path matches
 * {@code fs.stalled.files}; the file {@code fs.stalled.marker} then tells that somebody waits.
 */
public final class StalledFileSystem extends RawLocalFileSystem {
    @Override
    public URI getUri() {
        return URI.create("stalled:///");
    }

    @Override
    public String getScheme() {
        return "stalled";
    }

    @Override
    public FSDataInputStream open(org.apache.hadoop.fs.Path path, int bufferSize) throws IOException {
        stall(path);
        return super.open(path, bufferSize);
    }

    @Override
    public FSDataOutputStream create(
            org.apache.hadoop.fs.Path path,
            FsPermission permission,
            boolean overwrite,
            int bufferSize,
            short replication,
            long blockSize,
            Progressable progress)
            throws IOException {
        stall(path);
        return super.create(path, permission, overwrite, bufferSize, replication, blockSize, progress);
    }

    private void stall(org.apache.hadoop.fs.Path path) throws IOException {
        if (!path.toUri().getPath().matches(getConf().get("fs.stalled.files", ""))) {
            return;
        }
        Path marker = Path.of(getConf().get("fs.stalled.marker"));
        if (!Files.exists(marker)) {
            Files.writeString(marker, path.toString());
        }
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            throw new InterruptedIOException("interrupted while a store did not answer");
        }
    }
}
