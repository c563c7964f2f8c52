package dev.temper.spark.source;

import java.io.IOException;
import java.io.InputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;

/**
 * Decompresses concatenated gzip members, with zeros between or after them, as tar and tapes leave them. Java's own
 * reader takes any trailing data for the end of the file.
 */
final class GzipMembers extends InputStream {
    private static final int[] MAGIC = {0x1F, 0x8B};

    private final InputStream in;
    private InputStream member; // null after the last member

    /** @param in must support mark */
    GzipMembers(InputStream in) throws IOException {
        this.in = in;
        this.member = new GzipCompressorInputStream(in);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        while (member != null) {
            int count = member.read(target, offset, length);
            if (count >= 0) {
                return count;
            }
            member = next();
        }
        return -1;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }

    private InputStream next() throws IOException {
        int first;
        do {
            in.mark(MAGIC.length);
            first = in.read();
        } while (first == 0);
        if (first < 0) {
            return null;
        }
        boolean isMember = first == MAGIC[0] && in.read() == MAGIC[1];
        if (!isMember) {
            throw new IOException("behind a whole part of it follows something else");
        }
        in.reset();
        return new GzipCompressorInputStream(in);
    }
}
