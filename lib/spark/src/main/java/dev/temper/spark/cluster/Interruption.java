package dev.temper.spark.cluster;

import dev.temper.train.worker.StoppedException;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * A request to end early, usually by a signal. The code that is running registers a handler; of nested handlers the
 * innermost one is called.
 */
public final class Interruption {
    private static final Interruption PROCESS = new Interruption();

    private final Deque<Runnable> answers = new ArrayDeque<>();
    private volatile boolean isAsked;

    /** The request of this process, which its signal handlers make. */
    public static Interruption ofProcess() {
        return PROCESS;
    }

    /**
     * A registered handler, active until it is closed. Handlers are closed in reverse order; closing waits for a
     * handler that is running.
     */
    public interface Scope extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * Registers a handler.
     *
     * @param answer runs in the thread that makes the request; must be brief
     */
    public synchronized Scope answering(Runnable answer) {
        answers.push(answer);
        return () -> forget(answer);
    }

    private synchronized void forget(Runnable answer) {
        answers.remove(answer);
    }

    /** Makes the request. Only the first call has an effect. */
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

    /** @throws StoppedException when the request was made */
    void check() {
        if (isAsked) {
            throw new StoppedException("interrupted before training");
        }
    }
}
