package dev.temper.spark.cluster;

import dev.temper.check.Secrets;

/**
 * A worker's failure as the driver shows it: messages and stack traces of the failure and its causes as text, because
 * the original exception may not be serializable.
 */
@SuppressWarnings("OverrideThrowableToString") // its text begins with the original exception's class
final class RemoteFailure extends Exception {
    private static final long serialVersionUID = 1L;

    private RemoteFailure(String text, RemoteFailure cause) {
        super(text, cause);
    }

    /** @param where the worker runs; shown once, above all causes */
    static RemoteFailure of(Throwable failure, String where) {
        Throwable cause = failure.getCause();
        RemoteFailure remote =
                new RemoteFailure(where + Secrets.masked(failure.toString()), cause == null ? null : of(cause, ""));
        remote.setStackTrace(failure.getStackTrace());
        for (Throwable suppressed : failure.getSuppressed()) {
            remote.addSuppressed(of(suppressed, ""));
        }
        return remote;
    }

    /** The text, which begins with the class of the original exception. */
    @Override
    @SuppressWarnings("OverrideThrowableToString")
    public String toString() {
        return getMessage();
    }
}
