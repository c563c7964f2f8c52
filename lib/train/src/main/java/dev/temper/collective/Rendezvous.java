package dev.temper.collective;

import dev.temper.collective.Proof.Link;
import dev.temper.collective.Proof.Role;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/**
 * How a worker finds its neighbours: it connects to the right one and accepts the left one, at the same time.
 *
 * <p>The accepting side sends a nonce; the connecting side answers with a nonce and its proof; the accepting side
 * closes the connection or answers with its own proof. Several strangers may be at it at once, so none can keep the
 * left neighbour out by saying nothing.
 */
final class Rendezvous implements AutoCloseable {
    private static final int ANSWER_BYTES = 2 * Proof.BYTES;

    private final Link toRight;
    private final Link fromLeft;
    private final InetSocketAddress address; // of the right neighbour
    private final Proof proof;
    private final Selector selector;
    private final SocketChannel right;
    private final ByteBuffer fromRight = ByteBuffer.allocate(Proof.BYTES);
    private byte[] expected = {}; // of the right neighbour, once we have answered its nonce
    private boolean rightIsProven;
    private SocketChannel left;
    private int refused;

    /** A stranger and what it has said. */
    private static final class Stranger {
        private final byte[] nonce; // what it has to answer
        private final ByteBuffer answer = ByteBuffer.allocate(ANSWER_BYTES);

        Stranger(byte[] nonce) {
            this.nonce = nonce;
        }
    }

    Rendezvous(int rank, int size, InetSocketAddress address, byte[] secret) throws IOException {
        this.toRight = new Link(rank, (rank + 1) % size, size);
        this.fromLeft = new Link((rank + size - 1) % size, rank, size);
        this.address =
                address.isUnresolved() ? new InetSocketAddress(address.getHostString(), address.getPort()) : address;
        this.proof = new Proof(secret);
        this.selector = Selector.open();
        this.right = SocketChannel.open();
        right.configureBlocking(false);
        right.setOption(StandardSocketOptions.TCP_NODELAY, true);
    }

    SocketChannel right() {
        return right;
    }

    SocketChannel left() {
        return left;
    }

    /** Returns with both neighbours proven; they stay open when this is closed. */
    void meet(ServerSocketChannel own, Duration timeout) throws IOException {
        long start = System.nanoTime();
        own.configureBlocking(false);
        own.register(selector, SelectionKey.OP_ACCEPT);
        connect();
        while (left == null || !rightIsProven) {
            Waiting.select(selector, start, timeout, this::missing);
            Set<SelectionKey> ready = selector.selectedKeys();
            for (SelectionKey key : ready) {
                handle(key, own);
            }
            ready.clear();
        }
    }

    private String missing() {
        if (!rightIsProven) {
            return rightName() + " to prove that it knows the secret";
        }
        return "worker " + fromLeft.connecting() + " to connect (" + refused + " connections failed the proof)";
    }

    private String rightName() {
        return "worker " + toRight.accepting() + " at " + address;
    }

    private void handle(SelectionKey key, ServerSocketChannel own) throws IOException {
        if (!key.isValid()) {
            return;
        }
        if (key.isAcceptable()) {
            welcome(own);
        } else if (key.channel() == right) {
            advanceRight(key);
        } else {
            advanceStranger((SocketChannel) key.channel(), (Stranger) key.attachment());
        }
    }

    private void connect() throws IOException {
        try {
            boolean connected = !address.isUnresolved() && right.connect(address);
            right.register(selector, connected ? SelectionKey.OP_READ : SelectionKey.OP_CONNECT);
        } catch (IOException e) {
            throw new IOException("could not connect to " + rightName() + ": " + e.getMessage(), e);
        }
        if (address.isUnresolved()) {
            throw new IOException("could not connect to " + rightName() + ": unknown host");
        }
    }

    private void advanceRight(SelectionKey key) throws IOException {
        try {
            if (key.isConnectable()) {
                right.finishConnect();
                key.interestOps(SelectionKey.OP_READ);
                return;
            }
            if (right.read(fromRight) < 0) {
                throw new IOException("it closed the connection; does it have the same secret?");
            }
            if (!fromRight.hasRemaining()) {
                hearRight(fromRight.array().clone());
                fromRight.clear();
            }
        } catch (IOException e) {
            throw new IOException("could not connect to " + rightName() + ": " + e.getMessage(), e);
        }
        if (rightIsProven) {
            key.cancel(); // the next bytes are the ring's
        }
    }

    private void hearRight(byte[] said) throws IOException {
        if (expected.length == 0) {
            byte[] nonce = proof.nonce();
            send(
                    right,
                    ByteBuffer.allocate(ANSWER_BYTES)
                            .put(nonce)
                            .put(proof.of(Role.CONNECTS, toRight, said, nonce))
                            .flip());
            expected = proof.of(Role.ACCEPTS, toRight, said, nonce);
        } else if (Proof.same(said, expected)) {
            rightIsProven = true;
        } else {
            throw new IOException("it does not know the secret");
        }
    }

    private void welcome(ServerSocketChannel own) throws IOException {
        SocketChannel channel = own.accept();
        if (channel == null) {
            return;
        }
        try {
            channel.configureBlocking(false);
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            Stranger stranger = new Stranger(proof.nonce());
            channel.register(selector, SelectionKey.OP_READ, stranger);
            send(channel, ByteBuffer.wrap(stranger.nonce));
        } catch (IOException e) {
            channel.close(); // gone already
        }
    }

    private void advanceStranger(SocketChannel channel, Stranger stranger) throws IOException {
        boolean isLeft = false;
        try {
            if (channel.read(stranger.answer) >= 0 && stranger.answer.hasRemaining()) {
                return;
            }
            isLeft = left == null && !stranger.answer.hasRemaining() && isProven(channel, stranger);
        } catch (IOException e) {
            isLeft = false; // reset by the stranger: refused as one with a wrong proof
        }
        if (isLeft) {
            left = channel;
            channel.keyFor(selector).cancel();
        } else {
            refused++;
            channel.close();
        }
    }

    private boolean isProven(SocketChannel channel, Stranger stranger) throws IOException {
        byte[] nonce = new byte[Proof.BYTES];
        byte[] said = new byte[Proof.BYTES];
        stranger.answer.flip().get(nonce).get(said);
        if (!Proof.same(said, proof.of(Role.CONNECTS, fromLeft, stranger.nonce, nonce))) {
            return false;
        }
        send(channel, ByteBuffer.wrap(proof.of(Role.ACCEPTS, fromLeft, stranger.nonce, nonce)));
        return true;
    }

    /** The first bytes of a connection fit into its socket's buffer. */
    private static void send(SocketChannel channel, ByteBuffer bytes) throws IOException {
        channel.write(bytes);
        if (bytes.hasRemaining()) {
            throw new IOException("the socket takes no bytes");
        }
    }

    /** Closes every connection but those of neighbours that have proven themselves, both of them. */
    @Override
    public void close() throws IOException {
        boolean complete = left != null && rightIsProven;
        for (SelectionKey key : List.copyOf(selector.keys())) {
            SelectableChannel channel = key.channel();
            if (!complete || (channel != left && channel != right)) {
                channel.close();
            }
        }
        if (!complete) {
            right.close();
        }
        if (!complete && left != null) {
            left.close();
        }
        selector.close();
    }
}
