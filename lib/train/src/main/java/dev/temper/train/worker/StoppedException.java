package dev.temper.train.worker;

/** All workers of a run were asked to stop, and stopped at the same point. The message says what was saved. */
public final class StoppedException extends RuntimeException {
    public StoppedException(String message) {
        super(message);
    }
}
