package dev.temper.spark.limit;

import java.io.Reader;

/**
 * Filters the characters of JSON: truncates long strings to a length that shows that they are too long. A JSON parser
 * would hold a string in memory as a whole, and cannot continue after a string that it refused.
 */
public final class LimitedJson extends LimitedChars {
    private static final int MAX_WORD = 5000; // limit for a number or literal; the parser refuses longer ones

    private static final int DIGITS = 4; // of a unicode escape
    private static final int BACKSLASH = DIGITS + 1;

    private final int maxCharacters;
    private boolean isText;
    private long length; // of this string or word
    private int escaped; // remaining digits of an escape, or the state after a backslash

    public LimitedJson(Reader in, int maxCharacters) {
        super(in);
        this.maxCharacters = maxCharacters;
    }

    @Override
    void next(char c) {
        if (isText) {
            nextOfText(c);
        } else if (c == '"') {
            isText = true;
            length = 0;
            keep(c);
        } else if (c <= ' ' || "{}[],:".indexOf(c) >= 0) {
            length = 0;
            keep(c);
        } else if (length++ < MAX_WORD) {
            keep(c);
        }
    }

    // An escape is one character, and is passed on as a whole or not at all.
    private void nextOfText(char c) {
        if (escaped > 0) {
            escaped = escaped < BACKSLASH ? escaped - 1 : c == 'u' ? DIGITS : 0;
            keepIfShort(c);
            return;
        }
        if (c == '"') {
            isText = false;
            length = 0;
            keep(c);
            return;
        }
        length++;
        escaped = c == '\\' ? BACKSLASH : 0;
        keepIfShort(c);
    }

    private void keepIfShort(char c) {
        if (length <= maxCharacters + 1L) {
            keep(c);
        }
    }

    @Override
    void end() {}
}
