package dev.temper.check;

/**
 * A mistake in the recipe, the data or a location, which the user can correct. The message is one sentence that says
 * what is wrong, where, and what to change; the command line prints it without a stack trace and exits with 2.
 */
public final class InvalidInputException extends PermanentException {
    public InvalidInputException(String message) {
        super(message, null);
    }

    public InvalidInputException(String message, Throwable cause) {
        super(message, cause);
    }
}
