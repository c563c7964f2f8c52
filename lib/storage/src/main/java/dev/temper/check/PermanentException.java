package dev.temper.check;

/**
 * A failure that would happen again in another attempt: a mistake of the user, or a run that cannot continue. Every
 * other exception, such as that of a worker that lost its neighbour, may be worth another attempt.
 */
public abstract sealed class PermanentException extends RuntimeException
        permits InvalidInputException, FailedRunException {
    PermanentException(String message, Throwable cause) {
        super(message, cause);
    }
}
