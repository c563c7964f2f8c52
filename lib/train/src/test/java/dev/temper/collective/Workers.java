package dev.temper.collective;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Workers of a ring as threads of this process. */
public final class Workers implements AutoCloseable {
    static final byte[] SECRET = "0123456789abcdef-secret".getBytes(StandardCharsets.UTF_8);

    private final List<ServerSocketChannel> channels = new ArrayList<>();
    private final List<InetSocketAddress> addresses = new ArrayList<>();
    private final Duration timeout;
    private final ExecutorService threads;

    public interface Work<T> {
        T with(Collective collective) throws Exception;
    }

    Workers(int size, Duration timeout) throws Exception {
        this.timeout = timeout;
        for (int rank = 0; rank < size; rank++) {
            ServerSocketChannel channel = ServerSocketChannel.open();
            channel.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            channels.add(channel);
            addresses.add((InetSocketAddress) channel.getLocalAddress());
        }
        threads = Executors.newFixedThreadPool(size);
    }

    /** Every worker does the same; the results by rank. */
    public static <T> List<T> all(int size, Work<T> work) throws Exception {
        try (Workers workers = new Workers(size, Duration.ofSeconds(20))) {
            List<Future<T>> futures = new ArrayList<>();
            for (int rank = 0; rank < size; rank++) {
                futures.add(workers.start(rank, SECRET, work));
            }
            List<T> results = new ArrayList<>();
            for (Future<T> future : futures) {
                results.add(future.get());
            }
            return results;
        }
    }

    <T> Future<T> start(int rank, byte[] secret, Work<T> work) {
        return threads.submit(() -> {
            try (Collective ring = Ring.connect(rank, addresses, channels.get(rank), secret, timeout)) {
                return work.with(ring);
            }
        });
    }

    InetSocketAddress address(int rank) {
        return addresses.get(rank);
    }

    void redirect(int rank, InetSocketAddress address) {
        addresses.set(rank, address);
    }

    @Override
    public void close() throws IOException {
        threads.shutdownNow();
        for (ServerSocketChannel channel : channels) {
            channel.close();
        }
    }
}
