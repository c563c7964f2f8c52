package dev.temper.jobs;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files of this machine as {@code telling:///path}, from a client that tells its secret wherever it can: in a warning
 * when it opens a file, and in the failure of each read of a file whose name says {@code fail}.
 */
public final class TellingFileSystem extends RawLocalFileSystem {
    static final String SECRET = "fs.telling.account.key";

    private static final Logger LOG = LoggerFactory.getLogger(TellingFileSystem.class);

    @Override
    public URI getUri() {
        return URI.create("telling:///");
    }

    @Override
    public void initialize(URI uri, Configuration configuration) throws IOException {
        super.initialize(uri, configuration);
        LOG.warn("Opened {} with {}\u001b]0;title\u0007", uri, told());
    }

    @Override
    public FSDataInputStream open(Path path, int bufferSize) throws IOException {
        LOG.warn("GET {} {}", path, told(), new IOException("tried " + told()));
        return path.getName().contains("fail") ? new FSDataInputStream(new Failing()) : super.open(path, bufferSize);
    }

    @Override
    public FileStatus getFileStatus(Path path) throws IOException {
        FileStatus found = super.getFileStatus(new Path(path.toUri().getPath()));
        return new FileStatus(found.getLen(), found.isDirectory(), 1, 1 << 20, found.getModificationTime(), path);
    }

    private String told() {
        String secret = getConf().get(SECRET);
        String encoded = URLEncoder.encode(secret, StandardCharsets.UTF_8);
        String base64 = Base64.getEncoder().encodeToString(("user:" + secret).getBytes(StandardCharsets.UTF_8));
        return "AccountKey=" + secret + " https://user:" + secret + "@host/a?sig=" + encoded + "&x=1 Basic " + base64;
    }

    private final class Failing extends FSInputStream {
        @Override
        public int read() throws IOException {
            throw new IOException("403 Forbidden: " + told(), new IllegalStateException(told()));
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            return read();
        }

        @Override
        public void seek(long position) {}

        @Override
        public long getPos() {
            return 0;
        }

        @Override
        public boolean seekToNewSource(long position) {
            return false;
        }
    }
}
