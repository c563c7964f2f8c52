package dev.temper.text;

import java.util.Locale;

/** A row that cannot be trained on. It is counted and recorded with its reason, and the run continues. */
public final class RejectedRowException extends RuntimeException {
    /** Reasons for rejection; {@link #label} is their name in tables and counts. */
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
        super(detail, null, false, false); // no stack trace: it is expected, and must be cheap
        this.reason = reason;
    }

    /** A row that is too long to be tokenized. */
    public static RejectedRowException tooManyCharacters(int most) {
        String detail = String.format(Locale.ROOT, "more than %,d characters, the most of data.max_characters", most);
        return new RejectedRowException(Reason.TOO_MANY_CHARACTERS, detail);
    }

    public Reason reason() {
        return reason;
    }

    /** The problem with this row, in words. */
    public String detail() {
        return getMessage();
    }
}
