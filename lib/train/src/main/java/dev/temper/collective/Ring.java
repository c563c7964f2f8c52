package dev.temper.collective;

import dev.temper.collective.Call.Kind;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;

/**
 * Ring all-reduce over sockets: each worker sends to its right neighbour and receives from its left one.
 *
 * <p>The data is split into one segment per worker. Each segment goes around the ring once and every worker adds its
 * own values (reduce-scatter), then once more with the total (all-gather). So every worker sends {@code 2 (size - 1) /
 * size} times the bytes, whatever the number of workers, and all get the same bits. Sending and receiving overlap on
 * the caller's thread.
 *
 * @see <a href="https://www.cs.fsu.edu/~xyuan/paper/09jpdc.pdf">Patarasuk and Yuan, Bandwidth optimal all-reduce</a>
 */
public final class Ring implements Collective {
    private final int rank;
    private final int size;
    private final SocketChannel left;
    private final SocketChannel right;
    private final Duration timeout;
    private final Selector selector = Selector.open();
    private final SelectionKey hears;
    private final SelectionKey sends;
    private final ByteBuffer ownCall = ByteBuffer.allocateDirect(Call.BYTES);
    private final ByteBuffer theirCall = ByteBuffer.allocateDirect(Call.BYTES);
    private final FloatAdder adder = new FloatAdder();
    private ByteBuffer doubles = ByteBuffer.allocateDirect(64 * Double.BYTES);
    private long calls;

    private Ring(int rank, int size, Rendezvous.Neighbours neighbours, Duration timeout) throws IOException {
        this.rank = rank;
        this.size = size;
        this.left = neighbours.left();
        this.right = neighbours.right();
        this.timeout = timeout;
        this.hears = left.register(selector, 0);
        this.sends = right.register(selector, 0);
    }

    /**
     * Connects to the neighbours. Every worker calls it after all of them have bound their channels.
     *
     * @param peers address of each worker, by rank
     * @param own the bound channel of this worker; closed on return, also after a failure
     * @param secret at least 16 random bytes, used for this ring only; connections that do not prove to know it are
     *     closed
     * @param timeout limit of every wait in this ring: for the neighbours here, and later for the next byte, so it also
     *     limits how much later than the others a worker may make a call
     */
    public static Collective connect(
            int rank, List<InetSocketAddress> peers, ServerSocketChannel own, byte[] secret, Duration timeout)
            throws IOException {
        int size = peers.size();
        if (rank < 0 || rank >= size) {
            throw new IllegalArgumentException("rank " + rank + " of " + size + " workers");
        }
        try (own) {
            if (size == 1) {
                return Collective.alone();
            }
            Rendezvous rendezvous = new Rendezvous(rank, size, peers.get((rank + 1) % size), timeout);
            return new Ring(rank, size, rendezvous.meet(own, secret), timeout);
        } catch (IOException e) {
            throw new IOException("worker " + rank + ": " + e.getMessage(), e);
        }
    }

    @Override
    public int rank() {
        return rank;
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public void sum(List<ByteBuffer> buckets) throws IOException {
        List<ByteBuffer> views = Segment.all(buckets);
        int layout = views.stream().map(ByteBuffer::remaining).toList().hashCode();
        Call call = new Call(++calls, Kind.FLOATS, Segment.bytes(views) / Float.BYTES, layout);
        failing(() -> {
            agree(call);
            for (int step = 0; step < size - 1; step++) {
                Segment own = segment(views, call, rank - step);
                exchange(own, adder.to(segment(views, call, rank - step - 1)), call);
            }
            for (int step = 0; step < size - 1; step++) {
                exchange(segment(views, call, rank + 1 - step), segment(views, call, rank - step), call);
            }
        });
    }

    private Segment segment(List<ByteBuffer> views, Call call, int index) {
        long part = Math.floorMod(index, size);
        long from = part * call.values() / size * Float.BYTES;
        long to = (part + 1) * call.values() / size * Float.BYTES;
        return Segment.cut(views, from, to);
    }

    @Override
    public double[] sum(double[] values) throws IOException {
        return sum(values, Kind.DOUBLES);
    }

    /** The last message of each worker can only arrive after it has made the call, so this is a barrier, too. */
    @Override
    public void barrier() throws IOException {
        sum(new double[1], Kind.BARRIER);
    }

    /** Passes the values of all workers around; each worker then adds them in the same order. */
    private double[] sum(double[] values, Kind kind) throws IOException {
        int bytes = values.length * Double.BYTES;
        if (doubles.capacity() < (long) size * bytes) {
            doubles = ByteBuffer.allocateDirect(Math.multiplyExact(size, bytes));
        }
        doubles.clear().position(rank * bytes);
        doubles.asDoubleBuffer().put(values);
        doubles.clear();
        Call call = new Call(++calls, kind, values.length, 0);
        failing(() -> {
            agree(call);
            for (int step = 0; step < size - 1; step++) {
                int own = Math.floorMod(rank - step, size) * bytes;
                int next = Math.floorMod(rank - step - 1, size) * bytes;
                exchange(Segment.of(doubles.slice(own, bytes)), Segment.of(doubles.slice(next, bytes)), call);
            }
        });
        double[] sums = new double[values.length];
        for (int i = 0; i < size * values.length; i++) {
            sums[i % values.length] += doubles.getDouble(i * Double.BYTES);
        }
        return sums;
    }

    /** Tells the right neighbour which call this is, and fails unless the left one makes the same. */
    private void agree(Call call) throws IOException {
        call.write(ownCall.clear());
        exchange(Segment.of(ownCall.flip()), Segment.of(theirCall.clear()), call);
        Call theirs = Call.read(theirCall.flip());
        if (!theirs.equals(call)) {
            throw new IOException("worker " + rank + " is in " + call + ", but " + leftName() + " is in " + theirs
                    + ": all workers must make the same calls with the same lengths");
        }
    }

    private void exchange(Segment out, Sink in, Call call) throws IOException {
        long moved = System.nanoTime();
        while (!out.isDone() || !in.isDone()) {
            if (send(out, call) + receive(in, call) > 0) {
                moved = System.nanoTime();
            } else {
                sends.interestOps(out.isDone() ? 0 : SelectionKey.OP_WRITE);
                hears.interestOps(in.isDone() ? 0 : SelectionKey.OP_READ);
                boolean hearing = !in.isDone();
                Waiting.select(selector, moved, timeout, () -> (hearing ? leftName() : rightName()) + " in " + call);
                selector.selectedKeys().clear();
            }
        }
    }

    private long send(Segment out, Call call) throws IOException {
        try {
            return out.isDone() ? 0 : out.writeTo(right);
        } catch (ClosedChannelException e) {
            throw e; // our own failure
        } catch (IOException e) {
            throw lost(rightName(), call, e);
        }
    }

    private long receive(Sink in, Call call) throws IOException {
        long count;
        try {
            count = in.isDone() ? 0 : in.readFrom(left);
        } catch (ClosedChannelException e) {
            throw e; // our own failure
        } catch (IOException e) {
            throw lost(leftName(), call, e);
        }
        if (count < 0) {
            throw lost(leftName(), call, null);
        }
        return count;
    }

    private String leftName() {
        return "worker " + Math.floorMod(rank - 1, size);
    }

    private String rightName() {
        return "worker " + Math.floorMod(rank + 1, size);
    }

    private static IOException lost(String name, Call call, IOException cause) {
        return new IOException(
                name + " closed its connection in " + call + "; it, or a worker beyond it, says why", cause);
    }

    /** Closes the connections when the work fails, so that the neighbours notice at once. */
    private void failing(Work work) throws IOException {
        try {
            work.run();
        } catch (ClosedSelectorException | CancelledKeyException | ClosedChannelException e) {
            close();
            throw new IOException("worker " + rank + " has left the ring", e);
        } catch (IOException e) {
            close();
            throw new IOException("worker " + rank + ": " + e.getMessage(), e);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private interface Work {
        void run() throws IOException;
    }

    @Override
    public void close() {
        for (Closeable end : List.of(right, left, selector)) {
            try {
                end.close();
            } catch (IOException e) {
                // a peer that still waits for data sees the closed connection
            }
        }
    }
}
