package dev.temper.spark.limit;

import java.io.Writer;

/** A buffer for text with a maximum length; what is written beyond it is dropped. */
public final class LimitedText extends Writer {
    private final StringBuilder text = new StringBuilder();
    private final int maxCharacters;

    public LimitedText(int maxCharacters) {
        this.maxCharacters = maxCharacters;
    }

    /** Whether more was written than the buffer may hold. */
    public boolean isFull() {
        return text.length() > maxCharacters;
    }

    @Override
    public void write(char[] characters, int offset, int length) {
        text.append(characters, offset, (int) Math.min(length, maxCharacters + 1L - text.length()));
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}

    @Override
    public String toString() {
        return text.toString();
    }
}
