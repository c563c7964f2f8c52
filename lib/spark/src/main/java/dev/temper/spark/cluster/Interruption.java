package dev.temper.spark.cluster;

import dev.temper.train.worker.StoppedException;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * A request to end early, such as a signal makes it. Whoever is at work says what is then to be done; of several, one
 * inside the other, the innermost.
 */
public final class Interruption {
    private static final Interruption PROCESS = new Interruption();

    private final Deque<Runnable> answers = new ArrayDeque<>();
    private volatile boolean isAsked;

    /** That of this process, whose signals make it. */
    public static Interruption ofProcess() {
        return PROCESS;
    }

    /**
     * While open, the request has this answer. Closed in the reverse order; waits for an answer that is being given.
     */
    public interface Scope extends AutoCloseable {
        @Override
        void close();
    }

    /** @param answer given in the thread that asks; brief */
    public synchronized Scope answering(Runnable answer) {
        answers.push(answer);
        return () -> forget(answer);
    }

    private synchronized void forget(Runnable answer) {
        answers.remove(answer);
    }

    /** Asks, once: what comes later changes nothing. */
    public synchronized void ask() {
        if (!isAsked) {
            isAsked = true;
            if (!answers.isEmpty()) {
                answers.peek().run();
            }
        }
    }

    public boolean isAsked() {
        return isAsked;
    }

    /** @throws StoppedException when it was asked */
    void check() {
        if (isAsked) {
            throw new StoppedException("interrupted before training");
        }
    }
}
