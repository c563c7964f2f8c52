package dev.temper.spark.reading;

import static dev.temper.check.Check.check;

import dev.temper.storage.Hashes;
import dev.temper.text.RejectedRowException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

/**
 * One row as it was read.
 *
 * @param file index of its file among all files
 * @param number position in its file, from 1; in JSON lines the line number. 0 means an end marker: the names of the
 *     file's columns and, in {@code detail}, why it cannot be read, if so
 * @param values of the columns to read, as text; unparsed input is in the first
 * @param reason for rejecting the row; null if it is in order
 */
public record ReadRow(int file, long number, String[] values, String reason, String detail) {
    private static final int KEPT_CHARACTERS = 100;

    static ReadRow endOf(int file, String[] columns, String error) {
        return new ReadRow(file, 0, columns, null, error);
    }

    /** The row itself, or a rejected row if its values together exceed the limit of characters. */
    ReadRow within(int maxCharacters) {
        long characters = 0;
        for (String value : isEnd() ? new String[0] : values) {
            characters += value == null ? 0 : value.length();
        }
        return characters <= maxCharacters ? this : tooLong(maxCharacters);
    }

    /** The row as rejected for its length, with truncated values. */
    ReadRow tooLong(int maxCharacters) {
        String[] beginnings = new String[values.length];
        for (int i = 0; i < values.length; i++) {
            beginnings[i] =
                    values[i] == null ? null : values[i].substring(0, Math.min(values[i].length(), KEPT_CHARACTERS));
        }
        RejectedRowException why = RejectedRowException.tooManyCharacters(maxCharacters);
        return new ReadRow(file, number, beginnings, why.reason().label(), why.detail());
    }

    /** Whether this is the end marker of a file. */
    public boolean isEnd() {
        return number == 0;
    }

    /**
     * Whether this is a row, and not the end marker of a file.
     *
     * @throws dev.temper.check.InvalidInputException when it is the end marker of a file that cannot be read
     */
    public boolean isRow() {
        check(!isEnd() || detail == null, "%s", detail);
        return !isEnd();
    }

    /**
     * SHA-256 of the first values and of the reason, each preceded by its length, so that "a","bc" differs from
     * "ab","c".
     *
     * @param columns number of values
     * @param options the last {@code options} of them count only if they are not null, so that a row without them has
     *     the same id and is in the same split whether or not these columns are read
     */
    public byte[] content(MessageDigest sha256, int columns, int options) {
        for (int i = 0; i < columns; i++) {
            boolean isOption = i >= columns - options;
            if (isOption && values[i] != null) {
                add(sha256, "option " + i);
            }
            if (!isOption || values[i] != null) {
                add(sha256, values[i]);
            }
        }
        add(sha256, reason);
        return sha256.digest();
    }

    private static void add(MessageDigest sha256, String value) {
        String length = value == null ? "null" : String.valueOf(value.length());
        sha256.update((length + ":").getBytes(StandardCharsets.UTF_8));
        if (value != null) {
            sha256.update(value.getBytes(StandardCharsets.UTF_8));
        }
    }

    /** Serializes the row without file and number, together with its content hash, for the shuffle. */
    public byte[] encoded(byte[] content) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.write(content);
            out.writeShort(values.length);
            for (String value : values) {
                write(out, value);
            }
            write(out, reason);
            write(out, detail);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // a stream in memory does not fail
        }
        return bytes.toByteArray();
    }

    /** A deserialized row and its content hash. */
    public record Decoded(ReadRow row, byte[] content) {
        /** Reverses {@link #encoded}. */
        public static Decoded of(int file, long number, byte[] encoded) {
            try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(encoded))) {
                byte[] content = in.readNBytes(Hashes.BYTES);
                String[] values = new String[in.readShort()];
                for (int i = 0; i < values.length; i++) {
                    values[i] = readText(in);
                }
                return new Decoded(new ReadRow(file, number, values, readText(in), readText(in)), content);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static void write(DataOutputStream out, String text) throws IOException {
        if (text == null) {
            out.writeInt(-1);
            return;
        }
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    private static String readText(DataInputStream in) throws IOException {
        int length = in.readInt();
        return length < 0 ? null : new String(in.readNBytes(length), StandardCharsets.UTF_8);
    }
}
