package dev.temper.collective;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.SocketChannel;

/**
 * Adds floats that arrive from a socket to a segment, in blocks that fit into the cache, by way of arrays, for which
 * the JIT compiler vectorizes the loop.
 */
final class FloatAdder implements Sink {
    private static final int BLOCK = 8192;

    private final ByteBuffer arrived =
            ByteBuffer.allocateDirect(32 * BLOCK * Float.BYTES).order(ByteOrder.nativeOrder());
    private final float[] theirs = new float[BLOCK];
    private final float[] ours = new float[BLOCK];
    private Segment target = Segment.of(ByteBuffer.allocate(0));

    /** Continues with another segment; the previous one must be complete. */
    FloatAdder to(Segment segment) {
        target = segment;
        return this;
    }

    @Override
    public boolean isDone() {
        return target.isDone();
    }

    @Override
    public long readFrom(SocketChannel channel) throws IOException {
        arrived.limit((int) Math.min(arrived.capacity(), target.remaining()));
        long moved = channel.read(arrived);
        arrived.flip();
        FloatBuffer floats = arrived.asFloatBuffer();
        while (floats.hasRemaining()) {
            int count = Math.min(BLOCK, floats.remaining());
            floats.get(theirs, 0, count);
            target.add(theirs, count, ours);
        }
        arrived.position(floats.position() * Float.BYTES);
        arrived.compact(); // the last float may have arrived in part
        return moved;
    }
}
