package dev.temper.check;

/**
 * A run cannot continue, and another attempt would fail in the same way: training has diverged, a row does not fit into
 * memory, or the base model or the output was changed meanwhile. The message is one sentence that says what to do; the
 * command line exits with 1.
 */
public non-sealed class FailedRunException extends PermanentException {
    public FailedRunException(String message) {
        super(message, null);
    }

    public FailedRunException(String message, Throwable cause) {
        super(message, cause);
    }
}
