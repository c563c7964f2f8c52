package dev.temper.spark.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import dev.temper.spark.ClosedPort;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.util.VersionInfo;
import org.junit.jupiter.api.Test;

final class StoreProbeTest {
    @Test
    void anEndpointThatIsNotThereIsNamed() throws Exception {
        int port = ClosedPort.find();

        assertThatThrownBy(() -> s3(port).find("s3a://closed-bucket/a"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("nothing answers for s3a://closed-bucket/a: ")
                .hasMessageContaining("Connection refused")
                .hasMessageEndingWith("spark.hadoop.fs.s3a.endpoint is http://127.0.0.1:" + port);
    }

    @Test
    void anEndpointThatNeverSaysAWordIsNamed() throws Exception {
        try (ServerSocket silent = ClosedPort.silent()) {
            HadoopStore store = s3(silent.getLocalPort());
            // a bucket's own settings come before the general ones, and would wait for minutes
            store.configuration().set("fs.s3a.bucket.silent-bucket.connection.timeout", "600000");
            store.configuration().set("fs.s3a.bucket.silent-bucket.attempts.maximum", "20");

            assertThatThrownBy(() -> store.read("s3a://silent-bucket/a"))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("nothing answers for s3a://silent-bucket/a: SocketTimeoutException");
        }
    }

    @Test
    void anEndpointThatDropsConnectionsNowAndThenIsThere() throws Exception {
        try (Dropping server = new Dropping(3)) {
            Configuration configuration = s3(server.port()).configuration();

            StoreProbe.verify(new org.apache.hadoop.fs.Path("s3a://dropping-bucket/a"), configuration);

            assertThat(server.connections.get()).isGreaterThan(3);
        }
    }

    @Test
    void aNameNodeThatIsNotThereIsNamed() throws Exception {
        try (ServerSocket silent = ClosedPort.silent()) {
            for (int port : new int[] {ClosedPort.find(), silent.getLocalPort()}) {
                String location = "hdfs://127.0.0.1:" + port + "/a";

                assertThatThrownBy(() -> new HadoopStore(new Configuration()).list(location))
                        .isInstanceOf(InvalidInputException.class)
                        .hasMessageContaining("nothing answers for " + location + ": ");
            }
        }
    }

    @Test
    void aMissingLibraryIsNamedWithWhatToAdd() {
        Configuration configuration = new Configuration();
        configuration.set("fs.s3a.impl", "org.apache.hadoop.fs.s3a.NotThere");

        assertThatThrownBy(() -> new HadoopStore(configuration).find("s3a://library-bucket/a"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("Hadoop's library for s3a: is not on Spark's class path")
                .hasMessageEndingWith(
                        "add it with --packages org.apache.hadoop:hadoop-aws:" + VersionInfo.getVersion());
        assertThatThrownBy(() -> new HadoopStore(configuration).find("nowhere://bucket/a"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("Hadoop's library for nowhere: is not on Spark's class path");
    }

    private static HadoopStore s3(int port) {
        Configuration configuration = new Configuration();
        configuration.set("fs.s3a.endpoint", "http://127.0.0.1:" + port);
        configuration.set("fs.s3a.endpoint.region", "us-east-1");
        configuration.set("fs.s3a.path.style.access", "true");
        configuration.set("fs.s3a.connection.ssl.enabled", "false");
        configuration.set("fs.s3a.access.key", "key");
        configuration.set("fs.s3a.secret.key", "secret");
        return new HadoopStore(configuration);
    }

    /** Closes the first connections without an answer, and has nothing for the later ones. */
    private static final class Dropping implements AutoCloseable {
        private static final byte[] NOTHING = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                .getBytes(StandardCharsets.US_ASCII);

        private final ServerSocket socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        private final AtomicInteger connections = new AtomicInteger();

        Dropping(int dropped) throws IOException {
            Thread thread = new Thread(() -> serve(dropped));
            thread.setDaemon(true);
            thread.start();
        }

        int port() {
            return socket.getLocalPort();
        }

        private void serve(int dropped) {
            while (!socket.isClosed()) {
                try (Socket client = socket.accept();
                        OutputStream out = client.getOutputStream()) {
                    if (connections.incrementAndGet() > dropped) {
                        client.getInputStream().read();
                        out.write(NOTHING);
                    }
                } catch (IOException e) {
                    // the client went away, or the test is over
                }
            }
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
