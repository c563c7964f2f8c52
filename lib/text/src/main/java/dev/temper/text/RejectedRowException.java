package dev.temper.text;

import java.util.Locale;

/** A row that cannot be trained on: it is counted and written down with its reason, and the run goes on. */
public final class RejectedRowException extends RuntimeException {
    /** Why rows are rejected; {@link #label} is what users find in tables and counts. */
    public enum Reason {
        NULL_VALUE,
        WRONG_TYPE,
        EMPTY,
        TOO_LONG,
        TOO_MANY_CHARACTERS,
        NO_TRAINED_TOKENS,
        MALFORMED,
        BAD_JSON,
        UNKNOWN_ROLE,
        UNKNOWN_LABEL,
        UNKNOWN_TOKEN,
        TEMPLATE;

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private final Reason reason;

    public RejectedRowException(Reason reason, String detail) {
        super(detail, null, false, false); // no stack trace: rejecting a row is no surprise and must be cheap
        this.reason = reason;
    }

    /** Of a row that is not even tokenized. */
    public static RejectedRowException tooManyCharacters(int most) {
        String detail = String.format(Locale.ROOT, "more than %,d characters, the most of data.max_characters", most);
        return new RejectedRowException(Reason.TOO_MANY_CHARACTERS, detail);
    }

    public Reason reason() {
        return reason;
    }

    /** What is wrong with this row, in words. */
    public String detail() {
        return getMessage();
    }
}
