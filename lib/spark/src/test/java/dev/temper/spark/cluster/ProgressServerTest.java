package dev.temper.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.collective.AuthenticatedSocket;
import dev.temper.train.ProgressListener;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class ProgressServerTest {
    private static final byte[] SECRET = "0123456789abcdef-run".getBytes(StandardCharsets.UTF_8);

    private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();
    private ProgressServer server;
    private ProgressServer.Address address;

    private final class Ear implements ProgressListener {
        @Override
        public void started(int steps) {
            heard.add("started " + steps);
        }

        @Override
        public void warned(String sentence) {
            heard.add(sentence);
        }
    }

    @BeforeEach
    void start() throws IOException {
        ServerSocketChannel own = ServerSocketChannel.open();
        own.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        server = new ProgressServer(own, SECRET, new Ear());
        address = server.address("localhost");
    }

    @AfterEach
    void end() throws IOException {
        server.close();
    }

    private String next() throws InterruptedException {
        return heard.poll(20, TimeUnit.SECONDS);
    }

    @Test
    void warningsOfTheFirstWorkerReachTheDriver() throws Exception {
        try (ProgressServer.Driver driver = ProgressServer.connect(address)) {
            driver.started(3);
            driver.warned("update 1 found no memory;\n50 % of it is enough: ∞");
            driver.warned("€".repeat(100_000));

            assertThat(next()).isEqualTo("started 3");
            assertThat(next()).isEqualTo("update 1 found no memory;\n50 % of it is enough: ∞");
            assertThat(next()).isEqualTo("€".repeat(20_000));
        }
    }

    @Test
    void whatIsNoEventEndsTheConnectionAndNoOther() throws Exception {
        InetSocketAddress there = new InetSocketAddress("localhost", address.port());
        try (ProgressServer.Driver driver = ProgressServer.connect(address);
                SocketChannel confused = AuthenticatedSocket.knock(there, SECRET, "progress", Duration.ofSeconds(20));
                DataOutputStream out = new DataOutputStream(Channels.newOutputStream(confused))) {
            out.writeUTF("rm -rf");

            assertThat(confused.socket().getInputStream().read()).isEqualTo(-1);
            driver.started(7);
            assertThat(next()).isEqualTo("started 7");
        }
    }

    @Test
    void allWorkersHearThatTheyShallStopTheLateOnesToo() throws Exception {
        try (ProgressServer.Driver first = ProgressServer.connect(address);
                ProgressServer.Driver second = ProgressServer.connect(address)) {
            assertThat(first.hasSaidStop()).isFalse();
            first.started(3);
            assertThat(next()).isEqualTo("started 3");

            assertThat(server.stop()).as("somebody has begun").isTrue();

            awaitStop(first);
            awaitStop(second);
            try (ProgressServer.Driver late = ProgressServer.connect(address)) {
                awaitStop(late);
            }
        }
    }

    @Test
    void nobodyStopsWhoHasNotBegun() throws Exception {
        try (ProgressServer.Driver driver = ProgressServer.connect(address)) {
            assertThat(server.stop()).isFalse();

            awaitStop(driver);
        }
    }

    @Test
    void aDriverThatCannotBeReachedCostsNothing() throws Exception {
        server.close();

        try (ProgressServer.Driver driver = ProgressServer.connect(address)) {
            driver.started(3);
            driver.warned("nobody hears it");

            assertThat(driver.hasSaidStop()).isFalse();
        }
    }

    private static void awaitStop(ProgressServer.Driver driver) {
        while (!driver.hasSaidStop()) {
            Thread.onSpinWait();
        }
    }
}
