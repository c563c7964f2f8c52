package dev.temper.spark;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;

/** Ports of the loopback interface at which nobody answers. */
public final class ClosedPort {
    private ClosedPort() {}

    /** One that nobody listens at. */
    public static int find() throws IOException {
        try (ServerSocket socket = silent()) {
            return socket.getLocalPort();
        }
    }

    /** One that takes connections and never says a word; until it is closed. */
    public static ServerSocket silent() throws IOException {
        return new ServerSocket(0, 50, InetAddress.getLoopbackAddress()); // the system accepts, nobody reads
    }
}
