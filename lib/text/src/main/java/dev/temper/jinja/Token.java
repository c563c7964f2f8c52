package dev.temper.jinja;

/**
 * One token of a template.
 *
 * @param value the text as the parser needs it: of a string without quotes and with its escapes decoded
 * @param position index into the source with newlines normalised
 */
record Token(Kind kind, String value, int position) {
    enum Kind {
        DATA,
        EXPRESSION_BEGIN,
        EXPRESSION_END,
        BLOCK_BEGIN,
        BLOCK_END,
        NAME,
        STRING,
        INTEGER,
        FLOAT,
        OPERATOR,
        END
    }

    boolean is(Kind other, String text) {
        return kind == other && value.equals(text);
    }

    /** For messages. */
    String describe() {
        return switch (kind) {
            case END -> "end of template";
            case EXPRESSION_END -> "end of print statement";
            case BLOCK_END -> "end of statement block";
            case DATA -> "template text";
            case EXPRESSION_BEGIN -> "begin of print statement";
            case BLOCK_BEGIN -> "begin of statement block";
            default -> value;
        };
    }
}
