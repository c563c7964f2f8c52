package dev.temper.collective;

import java.io.IOException;
import java.nio.channels.SocketChannel;

/** Consumes a known number of bytes from a channel. */
interface Sink {
    boolean isDone();

    /** Reads what has arrived; returns -1 when the peer has closed the channel. */
    long readFrom(SocketChannel channel) throws IOException;
}
