package dev.temper.spark.reading;

import static dev.temper.check.Check.invalid;

import dev.temper.spark.source.Compression;
import dev.temper.spark.source.FileSlice;
import dev.temper.spark.storage.HadoopStore;
import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Decodes a file without its byte order mark. Bytes that are invalid in the encoding are an error with the line number,
 * where Java's own readers would replace them by U+FFFD.
 */
final class StrictReader extends Reader {
    private static final int BUFFER = 1 << 16;
    private static final char BYTE_ORDER_MARK = '\uFEFF';

    private final InputStream in;
    private final CharsetDecoder decoder;
    private final String source;
    private final ByteBuffer bytes = ByteBuffer.allocate(BUFFER).flip();
    private final CharBuffer chars = CharBuffer.allocate(BUFFER).flip();
    private boolean begun;
    private boolean ended; // all bytes have been read
    private boolean done; // all characters have been decoded
    private char last;
    private long line; // of the next character to decode

    private StrictReader(InputStream in, Charset charset, String source, long line) {
        this.in = in;
        this.decoder = charset.newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        this.source = source;
        this.line = line;
        this.begun = line > 1;
    }

    static StrictReader open(HadoopStore store, FileSlice slice, Charset charset) throws IOException {
        InputStream plain = store.read(slice.file().location(), slice.from());
        try {
            InputStream part = slice.isWhole() ? plain : new LimitedStream(plain, slice.to() - slice.from());
            InputStream in = slice.file().compression().open(part, slice.file().source());
            return new StrictReader(in, charset, slice.file().source(), slice.firstLine());
        } catch (IOException | RuntimeException e) {
            plain.close();
            throw e;
        }
    }

    /** Whether the first character that is not blank is a bracket. Does not advance. */
    boolean isList() throws IOException {
        while (!chars.hasRemaining() && !done) {
            decode();
        }
        int i = chars.position();
        while (i < chars.limit() && Character.isWhitespace(chars.get(i))) {
            i++;
        }
        return i < chars.limit() && chars.get(i) == '[';
    }

    @Override
    public int read(char[] target, int offset, int length) throws IOException {
        while (!chars.hasRemaining() && !done) {
            decode();
        }
        if (!chars.hasRemaining()) {
            return -1;
        }
        int count = Math.min(length, chars.remaining());
        chars.get(target, offset, count);
        return count;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }

    private void decode() throws IOException {
        if (!ended) {
            fill();
        }
        chars.clear();
        CoderResult result = decoder.decode(bytes, chars, ended);
        if (ended && result.isUnderflow()) {
            decoder.flush(chars);
            done = true;
        }
        chars.flip();
        countLines();
        if (result.isError()) {
            throw wrongEncoding();
        }
        if (!begun && chars.hasRemaining()) {
            begun = true;
            if (chars.get(0) == BYTE_ORDER_MARK) {
                chars.get();
            }
        }
    }

    private void fill() throws IOException {
        bytes.compact();
        while (!ended && bytes.position() < BUFFER / 2) {
            int count = in.read(bytes.array(), bytes.position(), bytes.remaining());
            ended = count < 0;
            bytes.position(bytes.position() + Math.max(count, 0));
        }
        bytes.flip();
    }

    private void countLines() {
        char[] array = chars.array();
        for (int i = 0; i < chars.limit(); i++) {
            char c = array[i];
            if (c == '\r' || (c == '\n' && last != '\r')) {
                line++;
            }
            last = c;
        }
    }

    private RuntimeException wrongEncoding() {
        Charset charset = decoder.charset();
        if (!begun) {
            Compression.verifyNotPacked(bytes.array(), source);
        }
        int first = bytes.get(bytes.position()) & 0xFF;
        boolean isUtf16 = line == 1 && !begun && (first == 0xFF || first == 0xFE);
        String other = isUtf16
                ? "UTF-16"
                : charset.equals(StandardCharsets.UTF_8) ? "windows-1252 or what it was written in" : "UTF-8";
        return invalid(
                "data: %s is not %s: line %d has the byte 0x%02X where none can be; set data.encoding to %s",
                source, charset.name(), line, first, other);
    }

    /** The first bytes of a stream. */
    private static final class LimitedStream extends InputStream {
        private final InputStream in;
        private long left;

        LimitedStream(InputStream in, long limit) {
            this.in = in;
            this.left = limit;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            if (left <= 0) {
                return -1;
            }
            int count = in.read(target, offset, (int) Math.min(length, left));
            left -= Math.max(count, 0);
            return count;
        }

        @Override
        public void close() throws IOException {
            in.close();
        }
    }
}
