package dev.temper.check;

/**
 * A failure that another attempt would only repeat: a mistake of the user, or a run that cannot go on. Whatever else is
 * thrown, such as by a worker that lost another, may be worth another attempt.
 */
public abstract sealed class PermanentException extends RuntimeException
        permits InvalidInputException, FailedRunException {
    PermanentException(String message, Throwable cause) {
        super(message, cause);
    }
}
