package dev.temper.spark.source;

import com.github.luben.zstd.ZstdDecompressCtx;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;

/**
 * Decompresses concatenated Zstandard frames. The library's own stream ends silently at a truncated frame if it had
 * read the beginning of the frame together with the end of the one before.
 */
final class ZstdFrames extends InputStream {
    private static final int BUFFER = 1 << 17;

    private final InputStream in;
    private final ZstdDecompressCtx context = new ZstdDecompressCtx();
    private final byte[] bytes = new byte[BUFFER];
    private final ByteBuffer compressed = ByteBuffer.allocateDirect(BUFFER).flip();
    private final ByteBuffer plain = ByteBuffer.allocateDirect(BUFFER).flip();
    private boolean isWhole = true; // no frame is incomplete

    ZstdFrames(InputStream in) {
        this.in = in;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        while (!plain.hasRemaining()) {
            if (!decompress()) {
                return -1;
            }
        }
        int count = Math.min(length, plain.remaining());
        plain.get(target, offset, count);
        return count;
    }

    @Override
    public void close() throws IOException {
        context.close();
        in.close();
    }

    /** Decompresses more; false at the end. */
    private boolean decompress() throws IOException {
        // the output buffer was too small for all of it
        boolean hasMore = !isWhole && plain.limit() == plain.capacity();
        if (!compressed.hasRemaining() && !hasMore && !fill()) {
            if (!isWhole) {
                throw new EOFException("it ends within a frame");
            }
            return false;
        }
        plain.clear();
        isWhole = context.decompressDirectByteBufferStream(plain, compressed);
        plain.flip();
        return true;
    }

    private boolean fill() throws IOException {
        int count = in.read(bytes, 0, BUFFER);
        compressed.clear();
        compressed.put(bytes, 0, Math.max(count, 0)).flip();
        return count > 0;
    }
}
