package dev.temper.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the others see when one worker is lost, late, wrong or a stranger. The long timeouts must not be waited for. */
@Timeout(30)
final class RingFailureTest {
    private static final Duration LONG = Duration.ofMinutes(5);
    private static final Duration SHORT = Duration.ofMillis(300);
    private static final byte[] WRONG = "fedcba9876543210".getBytes(StandardCharsets.UTF_8);
    private static final int MANY = 8_000_000;

    private static ByteBuffer floats(int length) {
        return ByteBuffer.allocateDirect(length * Float.BYTES).order(ByteOrder.nativeOrder());
    }

    private static Integer sum(Collective ring, int length) throws IOException {
        ring.sum(floats(length));
        return length;
    }

    private static AbstractThrowableAssert<?, ?> assertFailure(Future<?> worker) {
        return assertThatThrownBy(worker::get)
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(IOException.class);
    }

    @Test
    void aPeerThatDiesInTheMiddleFailsTheOthersAtOnce() throws Exception {
        try (Workers workers = new Workers(3, LONG)) {
            CountDownLatch summing = new CountDownLatch(2);
            Future<Integer> first = workers.start(0, Workers.SECRET, ring -> {
                summing.countDown();
                return sum(ring, MANY);
            });
            Future<Integer> second = workers.start(1, Workers.SECRET, ring -> {
                summing.countDown();
                return sum(ring, MANY);
            });
            Future<Integer> dying = workers.start(2, Workers.SECRET, ring -> {
                summing.await();
                return 0; // and closes its sockets
            });

            assertThat(dying.get()).isZero();
            assertFailure(first).hasMessageMatching("worker 0: worker [12] closed its connection in call 1 .*");
            assertFailure(second).hasMessageMatching("worker 1: worker [20] closed its connection in call 1 .*");
        }
    }

    @Test
    void aSilentPeerFailsTheOthersWithinTheTimeout() throws Exception {
        try (Workers workers = new Workers(2, Duration.ofSeconds(2))) {
            CountDownLatch done = new CountDownLatch(1);
            Future<Integer> waiting = workers.start(0, Workers.SECRET, ring -> sum(ring, 10));
            Future<Integer> silent = workers.start(1, Workers.SECRET, ring -> {
                done.await();
                return 0;
            });

            assertFailure(waiting)
                    .hasMessageStartingWith("worker 0: waited 2.0 s for worker 1 in call 1 (sum of 10 floats");
            done.countDown();
            assertThat(silent.get()).isZero();
        }
    }

    @Test
    void differentLengthsFailOnBothSides() throws Exception {
        try (Workers workers = new Workers(2, LONG)) {
            Future<Integer> first = workers.start(0, Workers.SECRET, ring -> sum(ring, 120));
            Future<Integer> second = workers.start(1, Workers.SECRET, ring -> sum(ring, 100));

            assertFailure(first)
                    .hasMessageContaining("worker 0 is in call 1 (sum of 120 floats")
                    .hasMessageContaining("but worker 1 is in call 1 (sum of 100 floats")
                    .hasMessageEndingWith("all workers must make the same calls with the same lengths");
            assertFailure(second).hasMessageContaining("but worker 0 is in call 1 (sum of 120 floats");
        }
    }

    @Test
    void differentCallsFail() throws Exception {
        try (Workers workers = new Workers(2, LONG)) {
            Future<Integer> first = workers.start(0, Workers.SECRET, ring -> {
                ring.barrier();
                return 0;
            });
            Future<Integer> second = workers.start(1, Workers.SECRET, ring -> sum(ring, 1));

            assertFailure(first).hasMessageContaining("is in call 1 (barrier), but worker 1 is in call 1 (sum of 1 ");
            assertFailure(second).hasMessageContaining("but worker 0 is in call 1 (barrier)");
        }
    }

    @Test
    void aWrongSecretIsRefused() throws Exception {
        try (Workers workers = new Workers(2, LONG)) {
            Future<Integer> first = workers.start(0, Workers.SECRET, ring -> 0);
            Future<Integer> second = workers.start(1, WRONG, ring -> 0);

            assertFailure(second)
                    .hasMessageStartingWith("worker 1: could not connect to worker 0 at ")
                    .hasMessageMatching(".*(does it have the same secret|Connection reset|Broken pipe).*");
            assertFailure(first).hasMessageStartingWith("worker 0: could not connect to worker 1 at ");
        }
    }

    @Test
    void strangersDoNotKeepTheNeighbourOut() throws Exception {
        try (Workers workers = new Workers(2, LONG);
                SocketChannel silent = SocketChannel.open(workers.address(0));
                SocketChannel loud = SocketChannel.open(workers.address(0))) {
            loud.write(ByteBuffer.allocate(500));
            Future<Integer> first = workers.start(0, Workers.SECRET, ring -> sum(ring, 7));
            Future<Integer> second = workers.start(1, Workers.SECRET, ring -> sum(ring, 7));

            assertThat(first.get()).isEqualTo(7);
            assertThat(second.get()).isEqualTo(7);
            assertThat(silent.isConnected()).isTrue();
        }
    }

    @Test
    void manySilentStrangersDoNotStopTheSum() throws Exception {
        List<SocketChannel> strangers = new ArrayList<>();
        try (Workers workers = new Workers(2, LONG)) {
            Future<Integer> first = workers.start(0, Workers.SECRET, ring -> sum(ring, MANY));
            for (int i = 0; i < 300; i++) {
                strangers.add(SocketChannel.open(workers.address(0)));
            }
            Future<Integer> second = workers.start(1, Workers.SECRET, ring -> sum(ring, MANY));

            assertThat(first.get()).isEqualTo(MANY);
            assertThat(second.get()).isEqualTo(MANY);
        } finally {
            for (SocketChannel stranger : strangers) {
                stranger.close();
            }
        }
    }

    @Test
    void aListenerThatDoesNotKnowTheSecretIsRefused() throws Exception {
        try (Workers workers = new Workers(2, LONG);
                ServerSocketChannel impostor = ServerSocketChannel.open()) {
            impostor.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            workers.redirect(1, (InetSocketAddress) impostor.getLocalAddress());
            Future<Integer> worker = workers.start(0, Workers.SECRET, ring -> 0);
            try (SocketChannel victim = impostor.accept()) {
                ByteBuffer answer = ByteBuffer.allocate(2 * Proof.BYTES);
                victim.write(ByteBuffer.allocate(Proof.BYTES));
                while (answer.hasRemaining()) {
                    victim.read(answer);
                }
                // Its own proof sent back: the roles differ, so it proves nothing.
                victim.write(answer.slice(Proof.BYTES, Proof.BYTES));

                assertFailure(worker).hasMessageContaining("it does not know the secret");
            }
        }
    }

    @Test
    void namesTheNeighbourThatDoesNotCome() throws Exception {
        try (Workers workers = new Workers(2, SHORT)) {
            assertFailure(workers.start(0, Workers.SECRET, ring -> 0))
                    .hasMessageStartingWith("worker 0: waited 0.3 s for worker 1 at ");
        }
    }

    @Test
    void failsAtOnceWhenTheNeighbourDoesNotListen() throws Exception {
        try (Workers workers = new Workers(2, LONG)) {
            try (ServerSocketChannel gone = ServerSocketChannel.open()) {
                gone.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
                workers.redirect(1, (InetSocketAddress) gone.getLocalAddress());
            }

            assertFailure(workers.start(0, Workers.SECRET, ring -> 0))
                    .hasMessageStartingWith("worker 0: could not connect to worker 1 at ")
                    .hasMessageEndingWith("Connection refused");
        }
    }

    @Test
    void closingAndInterruptingEndAWaitingCall() throws Exception {
        try (Workers workers = new Workers(2, LONG)) {
            CountDownLatch summing = new CountDownLatch(1);
            Future<Integer> waiting = workers.start(0, Workers.SECRET, ring -> {
                Thread closer = new Thread(ring::close);
                closer.start();
                summing.countDown();
                return sum(ring, MANY);
            });
            Future<Integer> interrupted = workers.start(1, Workers.SECRET, ring -> {
                summing.await();
                Thread.currentThread().interrupt();
                return sum(ring, MANY);
            });

            assertFailure(waiting).hasMessageStartingWith("worker 0");
            assertFailure(interrupted).hasMessageStartingWith("worker 1");
        }
    }
}
