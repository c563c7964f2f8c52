package dev.temper.collective;

import java.io.IOException;
import java.nio.channels.SocketChannel;

/** Takes a known number of bytes from a channel. */
interface Sink {
    boolean isDone();

    /** Takes what has arrived; -1 when the peer has closed the channel. */
    long readFrom(SocketChannel channel) throws IOException;
}
