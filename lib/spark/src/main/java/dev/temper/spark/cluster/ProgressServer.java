package dev.temper.spark.cluster;

import dev.temper.collective.Door;
import dev.temper.track.Metric;
import dev.temper.train.ProgressListener;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Serializable;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The driver's side of a connection with each worker: it hears how far the first one is, an event after the other, and
 * may ask all of them to stop. Results come back with the stage, so an event that is lost or a port that is closed
 * costs the progress bar and that workers cannot be asked, nothing else.
 *
 * <p>A worker's events are texts of at most 64 KiB, as {@link DataOutputStream#writeUTF} writes them; the driver says
 * one byte, to stop.
 */
final class ProgressServer implements AutoCloseable {
    private static final Duration CONNECT = Duration.ofSeconds(5);
    private static final String PURPOSE = "progress";
    private static final int LONGEST_SENTENCE = 20_000; // its characters have up to three bytes
    private static final byte STOP = 's';

    private final ServerSocketChannel own;
    private final byte[] secret;
    private final ProgressListener listener;
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private final Door door;
    private boolean isStopping;
    private volatile boolean hasBegun;

    /** Where to report to; travels to the workers. */
    record Address(String host, int port, byte[] secret) implements Serializable {}

    /** @param own bound; closed with the server */
    ProgressServer(ServerSocketChannel own, byte[] secret, ProgressListener listener) throws IOException {
        this.own = own;
        this.secret = secret.clone();
        this.listener = listener;
        this.door = Door.open(own, secret, PURPOSE, this::welcome);
    }

    /** @param host by which workers know this machine */
    Address address(String host) throws IOException {
        return new Address(host, ((InetSocketAddress) own.getLocalAddress()).getPort(), secret);
    }

    /**
     * Asks the workers to stop, those too that come later.
     *
     * @return whether the first of them has begun, so that they look for it
     */
    synchronized boolean stop() {
        isStopping = true;
        connections.forEach(Connection::stop);
        return hasBegun;
    }

    private synchronized void welcome(SocketChannel channel) {
        Connection connection = new Connection(channel);
        connections.add(connection);
        if (isStopping) {
            connection.stop();
        }
        Thread thread = new Thread(connection::serve, "temper-progress");
        thread.setDaemon(true);
        thread.start();
    }

    /** One worker. */
    private final class Connection {
        private final SocketChannel channel;

        Connection(SocketChannel channel) {
            this.channel = channel;
        }

        void stop() {
            try {
                channel.write(ByteBuffer.wrap(new byte[] {STOP})); // a byte always fits into the socket's buffer
            } catch (IOException e) {
                return; // the worker went away
            }
        }

        void serve() {
            try (channel) {
                channel.configureBlocking(true);
                InputStream in = new BufferedInputStream(Channels.newInputStream(channel));
                DataInputStream events = new DataInputStream(in);
                while (true) {
                    String event = events.readUTF();
                    hasBegun |= event.startsWith("started "); // before anybody who hears of it can ask
                    hear(event);
                }
            } catch (IOException | RuntimeException e) {
                return; // the worker went away, or the run is over: its results come with the stage
            } finally {
                connections.remove(this);
            }
        }
    }

    private void hear(String event) {
        String[] parts = event.split(" ");
        switch (parts[0]) {
            case "started" -> listener.started(Integer.parseInt(parts[1]));
            case "resumed" -> listener.resumed(Integer.parseInt(parts[1]), Long.parseLong(parts[2]));
            case "stepped" -> listener.stepped(new ProgressListener.Update(
                    Integer.parseInt(parts[1]),
                    Double.parseDouble(parts[2]),
                    Double.parseDouble(parts[3]),
                    Double.parseDouble(parts[4]),
                    Long.parseLong(parts[5]),
                    Double.parseDouble(parts[6]),
                    Double.parseDouble(parts[7])));
            case "measured" -> listener.measured(new Metric(
                    Long.parseLong(parts[1]),
                    parts[2],
                    Double.parseDouble(parts[3]),
                    Instant.ofEpochMilli(Long.parseLong(parts[4]))));
            case "warned" -> listener.warned(event.substring(parts[0].length() + 1));
            default -> throw new IllegalStateException("unknown event " + parts[0]);
        }
    }

    @Override
    public void close() throws IOException {
        door.close();
        for (Connection connection : connections) {
            connection.channel.close();
        }
    }

    /** The worker's side; silent, and never asked, when the driver cannot be reached. */
    static Driver connect(Address address) {
        InetSocketAddress server = InetSocketAddress.createUnresolved(address.host(), address.port());
        try {
            return new Driver(Door.knock(server, address.secret(), PURPOSE, CONNECT));
        } catch (IOException e) {
            return new Driver(OutputStream.nullOutputStream(), () -> {});
        }
    }

    /** The driver as a worker sees it. */
    static final class Driver implements ProgressListener, AutoCloseable {
        private interface End {
            void close() throws IOException;
        }

        private final DataOutputStream out;
        private final End end;
        private volatile boolean hasSaidStop;

        private Driver(OutputStream out, End end) {
            this.out = new DataOutputStream(new BufferedOutputStream(out));
            this.end = end;
        }

        private Driver(SocketChannel channel) {
            this(Channels.newOutputStream(channel), channel::close);
            Thread ear = new Thread(() -> listen(channel), "temper-driver");
            ear.setDaemon(true);
            ear.start();
        }

        private void listen(SocketChannel channel) {
            try {
                hasSaidStop = channel.read(ByteBuffer.allocate(1)) == 1;
            } catch (IOException e) {
                return; // it is gone, or the worker is done
            }
        }

        /** Whether the workers shall stop. */
        boolean hasSaidStop() {
            return hasSaidStop;
        }

        private void say(String event) {
            try {
                out.writeUTF(event);
                out.flush();
            } catch (IOException e) {
                return; // nobody listens any more
            }
        }

        @Override
        public void started(int steps) {
            say("started " + steps);
        }

        @Override
        public void resumed(int step, long tokens) {
            say("resumed " + step + " " + tokens);
        }

        @Override
        public void stepped(Update update) {
            say(Stream.of(
                            update.step(),
                            update.loss(),
                            update.meanLoss(),
                            update.learningRate(),
                            update.tokens(),
                            update.seconds(),
                            update.secondsLeft())
                    .map(String::valueOf)
                    .collect(Collectors.joining(" ", "stepped ", "")));
        }

        @Override
        public void measured(Metric metric) {
            say("measured " + metric.step() + " " + metric.name() + " " + metric.value() + " "
                    + metric.time().toEpochMilli());
        }

        @Override
        public void warned(String sentence) {
            say("warned " + sentence.substring(0, Math.min(sentence.length(), LONGEST_SENTENCE)));
        }

        @Override
        public void close() throws IOException {
            end.close();
        }
    }
}
