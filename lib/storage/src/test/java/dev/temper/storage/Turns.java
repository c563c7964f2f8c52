package dev.temper.storage;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * Lets threads reach a store one operation at a time, in an order that follows from a seed: whatever can happen between
 * processes on different machines, and the same again for the same seed.
 */
final class Turns {
    private final Random random;
    private final Store store;
    private final List<Thread> threads = new ArrayList<>();
    private final List<Thread> waiting = new ArrayList<>();
    private Thread chosen;

    Turns(long seed, Store store) {
        this.random = new Random(seed);
        this.store = store;
    }

    /** What a contender does; it ends when this does. */
    interface Work {
        void run(Store store) throws Exception;
    }

    /**
     * Adds a contender.
     *
     * @param operations after which it is dead: all later ones fail
     */
    void add(int operations, Work work) {
        threads.add(new Thread(() -> {
            try {
                work.run(new OneAtATime(operations));
            } catch (Exception e) {
                throw new IllegalStateException(e); // seen by the uncaught exception handler
            } finally {
                end();
            }
        }));
    }

    /** Runs all contenders to their end. */
    void run() throws InterruptedException {
        List<Throwable> failures = new ArrayList<>();
        List<Thread> all = List.copyOf(threads);
        all.forEach(thread -> thread.setUncaughtExceptionHandler((failed, e) -> failures.add(e)));
        all.forEach(Thread::start);
        for (Thread thread : all) {
            thread.join();
        }
        if (!failures.isEmpty()) {
            throw new AssertionError("a contender failed", failures.get(0));
        }
    }

    private synchronized void end() {
        threads.remove(Thread.currentThread());
        choose();
    }

    private synchronized void await() {
        waiting.add(Thread.currentThread());
        choose();
        while (chosen != Thread.currentThread()) {
            try {
                wait();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
        chosen = null;
        waiting.remove(Thread.currentThread());
    }

    private synchronized void choose() {
        if (chosen == null && !waiting.isEmpty() && waiting.size() == threads.size()) {
            List<Thread> inOrder = threads.stream().filter(waiting::contains).toList();
            chosen = inOrder.get(random.nextInt(inOrder.size()));
            notifyAll();
        }
    }

    private final class OneAtATime implements Store {
        private int left;

        OneAtATime(int operations) {
            left = operations;
        }

        private void step() throws IOException {
            if (--left < 0) {
                throw new IOException("dead");
            }
            await();
        }

        @Override
        public InputStream read(String location) throws IOException {
            step();
            return store.read(location);
        }

        @Override
        public OutputStream write(String location) {
            return new ByteArrayOutputStream() {
                @Override
                public void close() throws IOException {
                    step();
                    try (OutputStream out = store.write(location)) {
                        writeTo(out);
                    }
                }
            };
        }

        @Override
        public List<Entry> list(String folder) throws IOException {
            step();
            return store.list(folder);
        }

        @Override
        public Optional<Entry> find(String location) throws IOException {
            step();
            return store.find(location);
        }

        @Override
        public void delete(String location) throws IOException {
            step();
            store.delete(location);
        }

        @Override
        public Optional<Path> localPath(String location) {
            return Optional.empty();
        }
    }
}
