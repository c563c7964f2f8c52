package dev.temper.collective;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Connects a worker with its neighbours in the ring: it connects to the right one, and accepts the left one. */
record Rendezvous(int rank, int size, InetSocketAddress rightAddress, Duration timeout) {
    /** Channels to both neighbours, authenticated and non-blocking. */
    record Neighbours(SocketChannel left, SocketChannel right) {}

    /** @param own channel to which the left neighbour connects; closed on return */
    Neighbours meet(ServerSocketChannel own, byte[] secret) throws IOException {
        long end = System.nanoTime() + timeout.toNanos();
        CompletableFuture<SocketChannel> left = new CompletableFuture<>();
        SocketChannel right = null;
        try (AuthenticatedSocket door = AuthenticatedSocket.open(own, secret, purpose(leftRank(), rank), guest -> {
            if (!left.complete(guest)) {
                close(guest); // there is only one left neighbour
            }
        })) {
            right = right(secret);
            right.configureBlocking(false);
            return new Neighbours(left(left, end, door), right);
        } catch (IOException | RuntimeException e) {
            if (!left.isDone() || left.isCompletedExceptionally()) {
                left.cancel(false);
            } else {
                close(left.join());
            }
            if (right != null) {
                close(right);
            }
            throw e;
        }
    }

    private String purpose(int connecting, int accepting) {
        return "ring of " + size + ", " + connecting + " to " + accepting;
    }

    private int leftRank() {
        return (rank + size - 1) % size;
    }

    private SocketChannel right(byte[] secret) throws IOException {
        int right = (rank + 1) % size;
        String name = "worker " + right + " at " + rightAddress;
        try {
            return AuthenticatedSocket.knock(rightAddress, secret, purpose(rank, right), timeout);
        } catch (SocketTimeoutException e) {
            throw late(name + " to prove that it knows the secret");
        } catch (IOException e) {
            throw new IOException("could not connect to " + name + ": " + e.getMessage(), e);
        }
    }

    private SocketChannel left(CompletableFuture<SocketChannel> left, long end, AuthenticatedSocket door)
            throws IOException {
        String name = "worker " + leftRank() + " to connect";
        try {
            return left.get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw late(name + " (" + door.refused() + " connections failed the proof)");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while it waited for " + name);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e); // it cannot fail
        }
    }

    private SocketTimeoutException late(String what) {
        return new SocketTimeoutException("waited " + timeout.toMillis() / 1000.0 + " s for " + what);
    }

    private static void close(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
