package dev.temper.collective;

import dev.temper.check.FailedRunException;
import java.nio.ByteBuffer;

/**
 * A collective operation that a worker is about to start. Neighbours compare these before they send data, so that
 * workers that have diverged fail instead of mixing their data.
 *
 * @param number counts the calls of a ring, from 1
 * @param values number of values
 * @param layout hash of the lengths of the buckets
 */
record Call(long number, Kind kind, long values, int layout) {
    static final int BYTES = 24;

    enum Kind {
        FLOATS('f'),
        DOUBLES('d'),
        BARRIER('b');

        private final char letter; // as it is sent

        Kind(char letter) {
            this.letter = letter;
        }

        private static Kind of(int letter) {
            for (Kind kind : values()) {
                if (kind.letter == letter) {
                    return kind;
                }
            }
            throw new FailedRunException("a worker of another version: call '" + letter + "'");
        }
    }

    static Call read(ByteBuffer bytes) {
        long number = bytes.getLong();
        Kind kind = Kind.of(bytes.getInt());
        int layout = bytes.getInt();
        return new Call(number, kind, bytes.getLong(), layout);
    }

    void write(ByteBuffer bytes) {
        bytes.putLong(number).putInt(kind.letter).putInt(layout).putLong(values);
    }

    @Override
    public String toString() {
        String what =
                switch (kind) {
                    case FLOATS -> "sum of " + values + " floats, layout " + Integer.toHexString(layout);
                    case DOUBLES -> "sum of " + values + " doubles";
                    case BARRIER -> "barrier";
                };
        return "call " + number + " (" + what + ")";
    }
}
