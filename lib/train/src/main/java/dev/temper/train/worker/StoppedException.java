package dev.temper.train.worker;

/** All workers of a run were asked to stop, and did so at the same place; the message says what is kept. */
public final class StoppedException extends RuntimeException {
    public StoppedException(String message) {
        super(message);
    }
}
