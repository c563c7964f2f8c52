package dev.temper.spark;

import dev.temper.track.Metric;
import dev.temper.train.ProgressListener;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.Serializable;
import java.io.Writer;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;

/**
 * Tells the driver how far the first worker is, over a socket, a line per event. For people only: the results come back
 * with the stage, so a line that is lost or a port that is closed costs the progress bar and nothing else.
 */
final class ProgressServer implements AutoCloseable {
    private static final int CONNECT_MILLIS = 5000;

    private final ServerSocket socket;
    private final String secret;
    private final ProgressListener listener;

    /** Where to report to; travels to the workers. */
    record Address(String host, int port, String secret) implements Serializable {}

    ProgressServer(String secret, ProgressListener listener) throws IOException {
        this.socket = new ServerSocket(0);
        this.secret = secret;
        this.listener = listener;
        Thread thread = new Thread(this::serve, "temper-progress");
        thread.setDaemon(true);
        thread.start();
    }

    Address address(String host) {
        return new Address(host, socket.getLocalPort(), secret);
    }

    private void serve() {
        while (!socket.isClosed()) {
            try (Socket worker = socket.accept();
                    BufferedReader lines = new BufferedReader(
                            new InputStreamReader(worker.getInputStream(), StandardCharsets.UTF_8))) {
                worker.setSoTimeout(CONNECT_MILLIS);
                if (isSecret(lines.readLine())) {
                    worker.setSoTimeout(0);
                    lines.lines().forEach(this::hear);
                }
            } catch (IOException | RuntimeException e) {
                // the worker went away, or the run is over: its results come with the stage
            }
        }
    }

    private boolean isSecret(String line) {
        return line != null
                && MessageDigest.isEqual(
                        line.getBytes(StandardCharsets.UTF_8), secret.getBytes(StandardCharsets.UTF_8));
    }

    private void hear(String line) {
        String[] parts = line.split(" ");
        switch (parts[0]) {
            case "started" -> listener.started(Integer.parseInt(parts[1]));
            case "resumed" -> listener.resumed(Integer.parseInt(parts[1]), Long.parseLong(parts[2]));
            case "stepped" -> listener.stepped(
                    Integer.parseInt(parts[1]),
                    Double.parseDouble(parts[2]),
                    Double.parseDouble(parts[3]),
                    Long.parseLong(parts[4]));
            case "measured" -> listener.measured(new Metric(
                    Long.parseLong(parts[1]),
                    parts[2],
                    Double.parseDouble(parts[3]),
                    Instant.ofEpochMilli(Long.parseLong(parts[4]))));
            case "warned" -> listener.warned(line.substring(parts[0].length() + 1));
            default -> throw new IllegalStateException("unknown event " + parts[0]);
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    /** The worker's side: reports to the driver; silent when the driver cannot be reached. */
    static ReportingListener connect(Address address) {
        try {
            Socket socket = new Socket();
            socket.connect(new InetSocketAddress(address.host(), address.port()), CONNECT_MILLIS);
            PrintWriter out =
                    new PrintWriter(new OutputStreamWriter(socket.getOutputStream(), StandardCharsets.UTF_8), true);
            out.println(address.secret());
            return new ReportingListener(out);
        } catch (IOException e) {
            return new ReportingListener(new PrintWriter(Writer.nullWriter()));
        }
    }

    /** Writes events as lines. */
    record ReportingListener(PrintWriter out) implements ProgressListener, AutoCloseable {
        @Override
        public void started(int steps) {
            out.println("started " + steps);
        }

        @Override
        public void resumed(int step, long tokens) {
            out.println("resumed " + step + " " + tokens);
        }

        @Override
        public void stepped(int step, double loss, double learningRate, long tokens) {
            out.println("stepped " + step + " " + loss + " " + learningRate + " " + tokens);
        }

        @Override
        public void measured(Metric metric) {
            out.println("measured " + metric.step() + " " + metric.name() + " " + metric.value() + " "
                    + metric.time().toEpochMilli());
        }

        @Override
        public void warned(String sentence) {
            out.println("warned " + sentence);
        }

        @Override
        public void close() {
            out.close();
        }
    }
}
