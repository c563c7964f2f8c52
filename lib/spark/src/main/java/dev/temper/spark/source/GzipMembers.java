package dev.temper.spark.source;

import java.io.IOException;
import java.io.InputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;

/**
 * Gzip files behind each other, with zeros between or behind them, as tar and tapes leave them. Java's own reader takes
 * whatever is no member for the end.
 */
final class GzipMembers extends InputStream {
    private static final int[] MAGIC = {0x1F, 0x8B};

    private final InputStream in;
    private InputStream member; // null behind the last

    /** @param in can be marked */
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
