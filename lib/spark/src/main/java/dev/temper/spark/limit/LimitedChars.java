package dev.temper.spark.limit;

import java.io.IOException;
import java.io.Reader;
import java.util.Arrays;

/** A reader that inspects each character and drops some of them. */
abstract class LimitedChars extends Reader {
    private static final int BUFFER = 1 << 13;

    private final Reader in;
    private final char[] buffer = new char[BUFFER];
    private char[] kept = new char[BUFFER];
    private int position;
    private int limit;
    private boolean isEnded;

    LimitedChars(Reader in) {
        this.in = in;
    }

    /** Inspects the next character; calls {@link #keep} with the characters to pass on. */
    abstract void next(char c);

    /** Called at the end of the input. */
    abstract void end();

    final void keep(char c) {
        if (limit == kept.length) {
            kept = Arrays.copyOf(kept, 2 * limit);
        }
        kept[limit++] = c;
    }

    @Override
    public final int read(char[] target, int offset, int length) throws IOException {
        while (position == limit && !isEnded) {
            fill();
        }
        if (position == limit) {
            return -1;
        }
        int count = Math.min(length, limit - position);
        System.arraycopy(kept, position, target, offset, count);
        position += count;
        return count;
    }

    private void fill() throws IOException {
        position = 0;
        limit = 0;
        int count = in.read(buffer, 0, BUFFER);
        for (int i = 0; i < count; i++) {
            next(buffer[i]);
        }
        if (count < 0) {
            isEnded = true;
            end();
        }
    }

    @Override
    public final void close() throws IOException {
        in.close();
    }
}
