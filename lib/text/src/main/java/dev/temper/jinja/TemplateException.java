package dev.temper.jinja;

/** The only failure of parsing and rendering. The message is one sentence that starts with the position, if known. */
public final class TemplateException extends RuntimeException {
    /** What went wrong. */
    public enum Kind {
        /** The template is not Jinja, or uses a tag, filter or test that is not supported. */
        SYNTAX,
        /** The template called {@code raise_exception}. */
        RAISED,
        /** An undefined value was used for more than printing and testing. */
        UNDEFINED,
        /** An operation that Python refuses for these values. */
        TYPE,
        /** The sandbox refused access. */
        SECURITY,
        /** The template needs more than its {@link Limits}. */
        LIMIT
    }

    private final Kind kind;
    private final String reason;
    private final int line;
    private final int column;

    TemplateException(Kind kind, String reason) {
        this(kind, reason, 0, 0);
    }

    /** Without a stack trace: rows are rejected by the thousand, and the position in the template tells more. */
    TemplateException(Kind kind, String reason, int line, int column) {
        super(line == 0 ? reason : "line " + line + ", column " + column + ": " + reason, null, false, false);
        this.kind = kind;
        this.reason = reason;
        this.line = line;
        this.column = column;
    }

    static TemplateException type(String format, Object... args) {
        return new TemplateException(Kind.TYPE, args.length == 0 ? format : String.format(format, args));
    }

    static TemplateException limit(String what) {
        return new TemplateException(Kind.LIMIT, "the template exceeds its limit: " + what);
    }

    public Kind kind() {
        return kind;
    }

    /** The message without the position: for {@link Kind#RAISED} the text that the template gave. */
    public String reason() {
        return reason;
    }

    /** Counted from 1; 0 when unknown. */
    public int line() {
        return line;
    }

    /** Counted from 1; 0 when unknown. */
    public int column() {
        return column;
    }
}
