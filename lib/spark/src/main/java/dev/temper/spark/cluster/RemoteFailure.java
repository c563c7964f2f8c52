package dev.temper.spark.cluster;

import dev.temper.check.Secrets;

/**
 * What went wrong on a worker, as the driver tells it: text and stack trace of a failure and of its causes. The failure
 * itself may hold what cannot travel.
 */
@SuppressWarnings("OverrideThrowableToString") // its text begins with the class of the failure that it stands for
final class RemoteFailure extends Exception {
    private static final long serialVersionUID = 1L;

    private RemoteFailure(String text, RemoteFailure cause) {
        super(text, cause);
    }

    /** @param where the worker runs; said once, above all causes */
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

    /** The text begins with the type of the failure itself. */
    @Override
    @SuppressWarnings("OverrideThrowableToString")
    public String toString() {
        return getMessage();
    }
}
