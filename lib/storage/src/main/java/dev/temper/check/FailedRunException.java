package dev.temper.check;

/**
 * A run cannot go on, and would not the second time: it has diverged, a row does not fit into memory, its base or its
 * output was changed. The message is one sentence that says what to do; the exit code is 1.
 */
public non-sealed class FailedRunException extends PermanentException {
    public FailedRunException(String message) {
        super(message, null);
    }

    public FailedRunException(String message, Throwable cause) {
        super(message, cause);
    }
}
