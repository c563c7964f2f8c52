package dev.temper.spark.cluster;

import dev.temper.collective.AuthenticatedSocket;
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
 * The driver's end of its connections with the workers. It receives the events of the first worker and can ask all
 * workers to stop. Results are returned by the stage, so without a connection only the progress bar and the possibility
 * to stop are lost.
 *
 * <p>A worker's events are texts of at most 64 KiB in the format of {@link DataOutputStream#writeUTF}; the driver sends
 * a single byte, which means stop.
 */
final class ProgressServer implements AutoCloseable {
    private static final Duration CONNECT = Duration.ofSeconds(5);
    private static final String PURPOSE = "progress";
    private static final int LONGEST_SENTENCE = 20_000; // characters have up to three bytes
    private static final byte STOP = 's';

    private final ServerSocketChannel own;
    private final byte[] secret;
    private final ProgressListener listener;
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private final AuthenticatedSocket door;
    private boolean isStopping;
    private volatile boolean hasBegun;

    /** Address and secret that workers need to connect. */
    record Address(String host, int port, byte[] secret) implements Serializable {}

    /** @param own bound channel; closed together with this server */
    ProgressServer(ServerSocketChannel own, byte[] secret, ProgressListener listener) throws IOException {
        this.own = own;
        this.secret = secret.clone();
        this.listener = listener;
        this.door = AuthenticatedSocket.open(own, secret, PURPOSE, this::welcome);
    }

    /** @param host name or address by which workers reach this machine */
    Address address(String host) throws IOException {
        return new Address(host, ((InetSocketAddress) own.getLocalAddress()).getPort(), secret);
    }

    /**
     * Asks all workers to stop, those that connect later included.
     *
     * @return whether the first worker has begun to train, so that workers check for the request
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

    /** The connection with one worker. */
    private final class Connection {
        private final SocketChannel channel;

        Connection(SocketChannel channel) {
            this.channel = channel;
        }

        void stop() {
            try {
                channel.write(ByteBuffer.wrap(new byte[] {STOP})); // a single byte always fits into the socket's buffer
            } catch (IOException e) {
                return; // the worker has disconnected
            }
        }

        void serve() {
            try (channel) {
                channel.configureBlocking(true);
                InputStream in = new BufferedInputStream(Channels.newInputStream(channel));
                DataInputStream events = new DataInputStream(in);
                while (true) {
                    String event = events.readUTF();
                    hasBegun |= event.startsWith("started "); // before listeners are told, as they may ask to stop
                    hear(event);
                }
            } catch (IOException | RuntimeException e) {
                return; // the worker has disconnected, or the run has ended: results are returned by the stage
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

    /** The worker's end; ignores events and is never asked to stop when the driver cannot be reached. */
    static Driver connect(Address address) {
        InetSocketAddress server = InetSocketAddress.createUnresolved(address.host(), address.port());
        try {
            return new Driver(AuthenticatedSocket.knock(server, address.secret(), PURPOSE, CONNECT));
        } catch (IOException e) {
            return new Driver(OutputStream.nullOutputStream(), () -> {});
        }
    }

    /** The connection with the driver, on a worker. */
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
                return; // the driver has disconnected, or this worker is done
            }
        }

        /** Whether the driver has asked to stop. */
        boolean hasSaidStop() {
            return hasSaidStop;
        }

        private void say(String event) {
            try {
                out.writeUTF(event);
                out.flush();
            } catch (IOException e) {
                return; // the driver does not listen any more
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
