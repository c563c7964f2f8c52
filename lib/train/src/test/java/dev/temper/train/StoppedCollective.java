package dev.temper.train;

import dev.temper.collective.Collective;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** One worker alone, until an update at which it is lost. */
final class StoppedCollective implements Collective {
    static final String LOST = "stopped by the test";

    private final int lastUpdate;
    private int updates;

    StoppedCollective(int lastUpdate) {
        this.lastUpdate = lastUpdate;
    }

    @Override
    public int rank() {
        return 0;
    }

    @Override
    public int size() {
        return 1;
    }

    @Override
    public void sum(List<ByteBuffer> buffers) throws IOException {
        if (updates++ == lastUpdate) {
            throw new IOException(LOST);
        }
    }

    @Override
    public double[] sum(double[] values) {
        return values;
    }

    @Override
    public void barrier() {}

    @Override
    public void close() {}
}
