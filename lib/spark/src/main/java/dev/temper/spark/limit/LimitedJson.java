package dev.temper.spark.limit;

import java.io.Reader;

/**
 * The characters of JSON, of a longer text only so many that it can be seen to be too long. A parser holds a text in
 * memory whole, and could not go on behind one that it has given up.
 */
public final class LimitedJson extends LimitedChars {
    private static final int MAX_WORD = 5000; // a number or name outside of quotes; the parser refuses longer ones

    private static final int DIGITS = 4; // behind backslash and u
    private static final int BACKSLASH = DIGITS + 1;

    private final int maxCharacters;
    private boolean isText;
    private long length; // of this text or word
    private int escaped; // digits that belong to an escape still, or that there was a backslash

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

    // An escape is one character, and stays whole or not at all.
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
