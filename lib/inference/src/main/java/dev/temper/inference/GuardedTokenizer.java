package dev.temper.inference;

import dev.temper.text.Tokenizer;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;

/** A tokenizer for use by many threads. After {@link #close} its memory is freed as soon as no thread uses it. */
final class GuardedTokenizer implements AutoCloseable {
    private final ReadWriteLock lock = new ReentrantReadWriteLock();
    private final Tokenizer tokenizer;
    private boolean isClosed;

    GuardedTokenizer(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    <T> T use(Function<Tokenizer, T> work) {
        lock.readLock().lock();
        try {
            if (isClosed) {
                throw ModelThread.closed();
            }
            return work.apply(tokenizer);
        } finally {
            lock.readLock().unlock();
        }
    }

    @Override
    public void close() {
        lock.writeLock().lock();
        try {
            if (!isClosed) {
                isClosed = true;
                tokenizer.close();
            }
        } finally {
            lock.writeLock().unlock();
        }
    }
}
