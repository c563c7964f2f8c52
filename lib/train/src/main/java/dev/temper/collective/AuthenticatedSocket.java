package dev.temper.collective;

import dev.temper.collective.Proof.Role;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * A listening socket that authenticates its peers: both sides prove that they know a shared secret, and connections of
 * others cost little.
 *
 * <p>The accepting side sends a nonce; the connecting side answers with a nonce of its own and its proof; the accepting
 * side then sends its own proof or closes the connection. Before authentication, at most 64 bytes are read within ten
 * seconds, from at most 256 connections at a time. When there are more, the oldest one is closed once it is a second
 * old, so that silent connections cannot keep out a peer that answers at once. Data after the proofs is neither
 * encrypted nor signed.
 */
public final class AuthenticatedSocket implements AutoCloseable {
    private static final int MAX_STRANGERS = 256;
    private static final int ANSWER_BYTES = 2 * Proof.BYTES;
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final long LEAST_PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long LOOK_MILLIS = 200; // interval of the checks when nothing arrives

    private final ServerSocketChannel own;
    private final Proof proof;
    private final Consumer<SocketChannel> guests;
    private final Selector selector;
    private final SelectionKey bell;
    // connections before authentication, oldest first
    private final Set<SelectionKey> strangers = new LinkedHashSet<>();
    private final AtomicInteger refused = new AtomicInteger();
    private final Thread thread = new Thread(this::serve, "temper-door");

    /** A connection before authentication: the nonce it was sent, and what it has answered so far. */
    private static final class Stranger {
        private final long since = System.nanoTime();
        private final byte[] nonce;
        private final ByteBuffer answer = ByteBuffer.allocate(ANSWER_BYTES);

        Stranger(byte[] nonce) {
            this.nonce = nonce;
        }
    }

    private AuthenticatedSocket(ServerSocketChannel own, Proof proof, Consumer<SocketChannel> guests)
            throws IOException {
        this.own = own;
        this.proof = proof;
        this.guests = guests;
        own.configureBlocking(false);
        this.selector = Selector.open();
        this.bell = own.register(selector, SelectionKey.OP_ACCEPT);
        thread.setDaemon(true);
    }

    /**
     * Opens the socket for authentication, on a thread of its own.
     *
     * @param own a bound channel; closed together with this object
     * @param secret at least 16 random bytes
     * @param purpose of the connections; a proof for another purpose is not accepted
     * @param guests receives each authenticated connection, in non-blocking mode, on this object's thread
     */
    public static AuthenticatedSocket open(
            ServerSocketChannel own, byte[] secret, String purpose, Consumer<SocketChannel> guests) throws IOException {
        AuthenticatedSocket door = new AuthenticatedSocket(own, new Proof(secret, purpose), guests);
        door.thread.start();
        return door;
    }

    /**
     * Connects to a peer's socket. Returns a channel in blocking mode when both sides are authenticated.
     *
     * @param timeout for connecting and authenticating together
     * @throws SocketTimeoutException when it is exceeded
     */
    public static SocketChannel knock(InetSocketAddress address, byte[] secret, String purpose, Duration timeout)
            throws IOException {
        long end = System.nanoTime() + timeout.toNanos();
        Proof proof = new Proof(secret, purpose);
        InetSocketAddress resolved =
                address.isUnresolved() ? new InetSocketAddress(address.getHostString(), address.getPort()) : address;
        if (resolved.isUnresolved()) {
            throw new UnknownHostException("unknown host");
        }
        SocketChannel channel = SocketChannel.open();
        try {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            Socket socket = channel.socket();
            socket.connect(resolved, millisUntil(end));
            byte[] asked = read(socket, end);
            byte[] nonce = proof.nonce();
            send(channel, nonce, proof.of(Role.CONNECTS, asked, nonce));
            if (!Proof.same(read(socket, end), proof.of(Role.ACCEPTS, asked, nonce))) {
                throw new IOException("it does not know the secret");
            }
            socket.setSoTimeout(0);
            return channel;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private static byte[] read(Socket socket, long end) throws IOException {
        byte[] bytes = new byte[Proof.BYTES];
        InputStream in = socket.getInputStream();
        int count = 0;
        while (count < bytes.length) {
            socket.setSoTimeout(millisUntil(end));
            int more = in.read(bytes, count, bytes.length - count);
            if (more < 0) {
                throw new EOFException("it closed the connection; does it have the same secret?");
            }
            count += more;
        }
        return bytes;
    }

    private static int millisUntil(long end) throws SocketTimeoutException {
        long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        if (left <= 0) {
            throw new SocketTimeoutException("timed out");
        }
        return (int) Math.min(left, Integer.MAX_VALUE);
    }

    /** Sends the first bytes of a connection, which always fit into the buffer of its socket. */
    private static void send(SocketChannel channel, byte[]... parts) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(ANSWER_BYTES);
        for (byte[] part : parts) {
            bytes.put(part);
        }
        channel.write(bytes.flip());
        if (bytes.hasRemaining()) {
            throw new IOException("the socket takes no bytes");
        }
    }

    /** Number of connections that failed the proof or took too long. */
    public int refused() {
        return refused.get();
    }

    private void serve() {
        try {
            while (true) {
                selector.select(LOOK_MILLIS);
                dismissSilent();
                bell.interestOps(SelectionKey.OP_ACCEPT);
                Set<SelectionKey> ready = selector.selectedKeys();
                for (SelectionKey key : ready) {
                    handle(key);
                }
                ready.clear();
            }
        } catch (ClosedSelectorException | CancelledKeyException e) {
            return; // this object was closed
        } catch (IOException e) {
            System.err.println("temper: a listening socket is lost: " + e.getMessage());
        }
    }

    private void handle(SelectionKey key) throws IOException {
        if (key == bell) {
            welcome();
        } else if (key.isValid()) { // not closed in the meantime
            hear(key);
        }
    }

    private void dismissSilent() throws IOException {
        for (Iterator<SelectionKey> all = strangers.iterator(); all.hasNext(); ) {
            SelectionKey first = all.next();
            if (age(first) < PATIENCE_NANOS) {
                return;
            }
            all.remove();
            refuse(first);
        }
    }

    private static long age(SelectionKey key) {
        return System.nanoTime() - ((Stranger) key.attachment()).since;
    }

    private void refuse(SelectionKey key) throws IOException {
        refused.incrementAndGet();
        key.channel().close();
    }

    private void welcome() throws IOException {
        if (!hasRoom()) {
            bell.interestOps(0); // further connections wait in the backlog
            return;
        }
        SocketChannel channel;
        try {
            channel = own.accept();
        } catch (IOException e) {
            bell.interestOps(0); // the process has no file handle left at the moment
            return;
        }
        if (channel == null) {
            return;
        }
        try {
            channel.configureBlocking(false);
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            Stranger stranger = new Stranger(proof.nonce());
            strangers.add(channel.register(selector, SelectionKey.OP_READ, stranger));
            send(channel, stranger.nonce); // if the peer has closed, the next read reports it
        } catch (IOException | ClosedSelectorException e) {
            channel.close();
        }
    }

    private boolean hasRoom() throws IOException {
        if (strangers.size() < MAX_STRANGERS) {
            return true;
        }
        SelectionKey first = strangers.iterator().next();
        if (age(first) < LEAST_PATIENCE_NANOS) {
            return false;
        }
        strangers.remove(first);
        refuse(first);
        return true;
    }

    private void hear(SelectionKey key) throws IOException {
        Stranger stranger = (Stranger) key.attachment();
        SocketChannel channel = (SocketChannel) key.channel();
        boolean knows;
        try {
            if (channel.read(stranger.answer) >= 0 && stranger.answer.hasRemaining()) {
                return;
            }
            knows = !stranger.answer.hasRemaining() && isProven(channel, stranger);
        } catch (IOException e) {
            knows = false; // the peer reset the connection
        }
        strangers.remove(key);
        if (!knows) {
            refuse(key);
            return;
        }
        key.cancel();
        guests.accept(channel);
    }

    private boolean isProven(SocketChannel channel, Stranger stranger) throws IOException {
        byte[] nonce = new byte[Proof.BYTES];
        byte[] said = new byte[Proof.BYTES];
        stranger.answer.flip().get(nonce).get(said);
        if (!Proof.same(said, proof.of(Role.CONNECTS, stranger.nonce, nonce))) {
            return false;
        }
        send(channel, proof.of(Role.ACCEPTS, stranger.nonce, nonce));
        return true;
    }

    /** Accepts no more connections; authenticated ones stay open. */
    @Override
    public void close() throws IOException {
        selector.close();
        boolean isInterrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                isInterrupted = true; // the thread ends at once
            }
        }
        if (isInterrupted) {
            Thread.currentThread().interrupt();
        }
        own.close();
        for (SelectionKey stranger : strangers) {
            stranger.channel().close();
        }
    }
}
