package dev.temper.collective;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;

/**
 * A range of bytes in one or more buffers that is received or sent from its start. The positions of the buffers advance
 * with it.
 */
final class Segment implements Sink {
    private final ByteBuffer[] parts;
    private int first;
    private long remaining;

    private Segment(List<ByteBuffer> parts) {
        this.parts = parts.toArray(ByteBuffer[]::new);
        this.remaining = bytes(parts);
    }

    static Segment of(ByteBuffer bytes) {
        return new Segment(List.of(bytes));
    }

    /**
     * Views of float32 buckets, from position to limit, as bytes.
     *
     * @throws IllegalArgumentException when one is not direct, is not in native byte order, or ends within a float
     */
    static List<ByteBuffer> all(List<ByteBuffer> buckets) {
        List<ByteBuffer> views = new ArrayList<>();
        for (ByteBuffer bucket : buckets) {
            if (!bucket.isDirect()
                    || bucket.order() != ByteOrder.nativeOrder()
                    || bucket.remaining() % Float.BYTES != 0) {
                throw new IllegalArgumentException("a bucket must be a direct buffer of floats in native order, got "
                        + bucket + " in " + bucket.order());
            }
            views.add(bucket.slice());
        }
        return views;
    }

    /** The range {@code [from, to)} of the buffers' concatenation. */
    static Segment cut(List<ByteBuffer> buffers, long from, long to) {
        List<ByteBuffer> parts = new ArrayList<>();
        long start = 0; // offset of the buffer in the concatenation
        for (ByteBuffer buffer : buffers) {
            long begin = Math.max(from - start, 0);
            long end = Math.min(to - start, buffer.remaining());
            if (begin < end) {
                parts.add(buffer.slice((int) begin, (int) (end - begin)).order(ByteOrder.nativeOrder()));
            }
            start += buffer.remaining();
        }
        return new Segment(parts);
    }

    static long bytes(List<ByteBuffer> buffers) {
        return buffers.stream().mapToLong(ByteBuffer::remaining).sum();
    }

    long remaining() {
        return remaining;
    }

    @Override
    public boolean isDone() {
        return remaining == 0;
    }

    @Override
    public long readFrom(SocketChannel channel) throws IOException {
        long moved = channel.read(parts, first, parts.length - first);
        advance(Math.max(0, moved));
        return moved;
    }

    /** Writes as much as the channel accepts without blocking. */
    long writeTo(SocketChannel channel) throws IOException {
        long moved = channel.write(parts, first, parts.length - first);
        advance(moved);
        return moved;
    }

    /**
     * Adds {@code count} floats at the current position, and advances it.
     *
     * @param space scratch array, at least {@code count} long
     */
    void add(float[] floats, int count, float[] space) {
        int done = 0;
        while (done < count) {
            ByteBuffer part = parts[first];
            int length = Math.min(count - done, part.remaining() / Float.BYTES);
            part.asFloatBuffer().get(space, 0, length);
            for (int i = 0; i < length; i++) {
                space[i] += floats[done + i];
            }
            part.asFloatBuffer().put(space, 0, length);
            part.position(part.position() + length * Float.BYTES);
            done += length;
            advance((long) length * Float.BYTES);
        }
    }

    private void advance(long bytes) {
        remaining -= bytes;
        while (first < parts.length && !parts[first].hasRemaining()) {
            first++;
        }
    }
}
