package dev.temper.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who gets in, and what the others can do. */
@Timeout(60)
final class AuthenticatedSocketTest {
    private static final byte[] SECRET = "0123456789abcdef-door".getBytes(StandardCharsets.UTF_8);
    private static final byte[] WRONG = "fedcba9876543210-door".getBytes(StandardCharsets.UTF_8);
    private static final String PURPOSE = "test";
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private final BlockingQueue<SocketChannel> guests = new LinkedBlockingQueue<>();
    private final List<SocketChannel> opened = new ArrayList<>();
    private InetSocketAddress address;
    private AuthenticatedSocket door;

    @BeforeEach
    void open() throws IOException {
        ServerSocketChannel own = ServerSocketChannel.open();
        own.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1024);
        address = (InetSocketAddress) own.getLocalAddress();
        door = AuthenticatedSocket.open(own, SECRET, PURPOSE, guests::add);
    }

    @AfterEach
    void close() throws IOException {
        door.close();
        opened.addAll(guests);
        for (SocketChannel channel : opened) {
            channel.close();
        }
    }

    private SocketChannel connect() throws IOException {
        SocketChannel channel = SocketChannel.open(address);
        opened.add(channel);
        return channel;
    }

    private static ByteBuffer read(SocketChannel channel, int bytes) throws IOException {
        ByteBuffer read = ByteBuffer.allocate(bytes);
        while (read.hasRemaining()) {
            if (channel.read(read) < 0) {
                throw new IOException("closed");
            }
        }
        return read.flip();
    }

    /** Whether the door has closed the connection, once it has. */
    private static boolean isCut(SocketChannel channel) {
        try {
            return channel.read(ByteBuffer.allocate(1)) < 0;
        } catch (IOException e) {
            return true; // reset
        }
    }

    private void assertComesIn() throws Exception {
        try (SocketChannel friend = AuthenticatedSocket.knock(address, SECRET, PURPOSE, LIMIT);
                SocketChannel guest = guests.poll(10, TimeUnit.SECONDS)) {
            guest.configureBlocking(true);
            friend.write(ByteBuffer.wrap(new byte[] {7}));
            assertThat(read(guest, 1).get()).isEqualTo((byte) 7);
            guest.write(ByteBuffer.wrap(new byte[] {8}));
            assertThat(read(friend, 1).get()).isEqualTo((byte) 8);
        }
    }

    @Test
    void whoKnowsTheSecretComesInAndBothSidesTalk() throws Exception {
        assertComesIn();
        assertComesIn();
        assertThat(door.refused()).isZero();
    }

    @Test
    void aGigabyteWithoutANewlineIsCutAtOnce() throws Exception {
        SocketChannel loud = connect();
        ByteBuffer block = ByteBuffer.allocate(1 << 20);
        int sent = 0;

        try {
            for (; sent < 1024; sent++) {
                loud.write(block.clear());
            }
        } catch (IOException e) {
            assertThat(e.getMessage()).containsAnyOf("reset", "Broken pipe");
        }

        assertThat(sent).as("MiB that the system took").isLessThan(64);
        assertComesIn();
        assertThat(door.refused()).isEqualTo(1);
    }

    @Test
    void aThousandSilentOnesAndHalfAProofKeepNobodyOut() throws Exception {
        SocketChannel half = connect();
        read(half, Proof.BYTES);
        half.write(ByteBuffer.allocate(Proof.BYTES));
        for (int i = 0; i < 1000; i++) {
            connect();
        }

        assertComesIn();

        assertThat(isCut(half)).as("the first comer had to go").isTrue();
        assertThat(door.refused()).isBetween(1, 1001);
    }

    @Test
    void aWrongProofIsCut() throws Exception {
        assertThatThrownBy(() -> AuthenticatedSocket.knock(address, WRONG, PURPOSE, LIMIT))
                .isInstanceOf(IOException.class)
                .hasMessageMatching(".*(does it have the same secret|reset|Broken pipe).*");
        assertThatThrownBy(() -> AuthenticatedSocket.knock(address, SECRET, "another purpose", LIMIT))
                .isInstanceOf(IOException.class);

        assertThat(door.refused()).isEqualTo(2);
        assertThat(guests).isEmpty();
    }

    @Test
    void aProofSentAgainIsCut() throws Exception {
        ByteBuffer proof = overheard();
        SocketChannel again = connect();
        read(again, Proof.BYTES);

        again.write(proof);

        assertThat(isCut(again)).isTrue();
        assertThat(door.refused()).isEqualTo(1);
        assertThat(guests).hasSize(1);
    }

    /** Nonce and proof of somebody who came in through a relay that listens. */
    private ByteBuffer overheard() throws Exception {
        try (ServerSocketChannel relay = ServerSocketChannel.open()) {
            relay.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            InetSocketAddress pretended = (InetSocketAddress) relay.getLocalAddress();
            BlockingQueue<Object> friend = new LinkedBlockingQueue<>();
            Thread knocking = new Thread(() -> {
                try {
                    friend.add(AuthenticatedSocket.knock(pretended, SECRET, PURPOSE, LIMIT));
                } catch (IOException e) {
                    friend.add(e);
                }
            });
            knocking.start();
            SocketChannel victim = relay.accept();
            opened.add(victim);
            SocketChannel real = connect();
            victim.write(read(real, Proof.BYTES));
            ByteBuffer said = read(victim, 2 * Proof.BYTES);
            real.write(said.duplicate());
            victim.write(read(real, Proof.BYTES));
            assertThat(friend.poll(10, TimeUnit.SECONDS)).isInstanceOf(SocketChannel.class);
            return said;
        }
    }

    @Test
    void aDoorThatDoesNotKnowTheSecretIsLeft() throws Exception {
        ServerSocketChannel own = ServerSocketChannel.open();
        own.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        InetSocketAddress there = (InetSocketAddress) own.getLocalAddress();
        Thread impostor = new Thread(() -> {
            try (own;
                    SocketChannel victim = own.accept()) {
                victim.write(ByteBuffer.allocate(Proof.BYTES));
                read(victim, 2 * Proof.BYTES);
                victim.write(ByteBuffer.allocate(Proof.BYTES));
                isCut(victim);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        impostor.start();

        assertThatThrownBy(() -> AuthenticatedSocket.knock(there, SECRET, PURPOSE, LIMIT))
                .isInstanceOf(IOException.class)
                .hasMessage("it does not know the secret");
        impostor.join();
    }

    @Test
    void closingLeavesNobodyOutside() throws Exception {
        SocketChannel silent = connect();
        read(silent, Proof.BYTES);

        door.close();

        assertThat(isCut(silent)).isTrue();
        assertThatThrownBy(this::connect).isInstanceOf(IOException.class);
    }
}
