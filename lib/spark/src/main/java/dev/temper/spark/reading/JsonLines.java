package dev.temper.spark.reading;

import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import dev.temper.check.Printable;
import dev.temper.spark.limit.LimitedJson;
import dev.temper.spark.source.FileSlice;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.util.List;

/**
 * Reads a file with one JSON object per line; a line ends with LF or CRLF. Blank lines are skipped but counted. Of a
 * long line, only as much is held in memory as the limit for a row's values allows.
 */
final class JsonLines implements FileRows {
    private static final int SHOWN_CHARACTERS = 100;
    private static final int SHORT = 1 << 16;

    private final StrictReader reader;
    private final int maxCharacters;
    private final JsonValues values;
    private final char[] buffer = new char[1 << 13];
    private int position;
    private int limit;
    private boolean isLong; // the rest of the line has not been read yet
    private String line; // the current line or its beginning; null after the last line
    private long number; // of this line
    private ReadRow next; // null after the last row

    private JsonLines(StrictReader reader, FileSlice slice, ReadTable table) {
        this.reader = reader;
        this.maxCharacters = table.maxCharacters();
        this.values = new JsonValues(slice.file().index(), table);
        this.number = slice.firstLine() - 1;
    }

    static JsonLines open(StrictReader reader, FileSlice slice, ReadTable table) throws IOException {
        JsonLines lines = new JsonLines(reader, slice, table);
        lines.advance();
        return lines;
    }

    @Override
    public boolean hasNext() {
        return next != null;
    }

    @Override
    public ReadRow next() {
        ReadRow row = next;
        try {
            advance();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return row;
    }

    @Override
    public List<String> columns() {
        return values.names();
    }

    @Override
    public void close() throws IOException {
        reader.close();
    }

    private void advance() throws IOException {
        do {
            line = readLine();
            number++;
            next = line == null ? null : parse();
        } while (line != null && next == null);
    }

    /** The row of a line; null if it is blank. */
    private ReadRow parse() throws IOException {
        Reader rest = new RestOfLine();
        try (JsonParser parser = isLong
                ? JsonValues.JSON.createParser(new LimitedJson(rest, maxCharacters))
                : JsonValues.JSON.createParser(line)) {
            JsonToken first = parser.nextToken();
            if (first != JsonToken.START_OBJECT) {
                return first == null ? null : values.malformed(number, line, "no object: " + shown());
            }
            ReadRow row = values.read(parser, number);
            return parser.nextToken() == null
                    ? row
                    : values.malformed(number, line, "more than one object: " + shown());
        } catch (JsonParseException | StreamConstraintsException e) {
            return values.malformed(number, line, Printable.parserMessage(e.getOriginalMessage()) + ": " + shown());
        } finally {
            rest.skip(isLong ? Long.MAX_VALUE : 0);
        }
    }

    private String shown() {
        return line.length() <= SHOWN_CHARACTERS ? line : line.substring(0, SHOWN_CHARACTERS) + "…";
    }

    /** The next line, or the beginning of a long one. */
    private String readLine() throws IOException {
        StringBuilder text = null;
        isLong = false;
        while (true) {
            int start = position;
            while (position < limit && buffer[position] != '\n') {
                position++;
            }
            if (position < limit) {
                String end = new String(buffer, start, position++ - start);
                return text == null ? end : text.append(end).toString();
            }
            if (limit > start) {
                text = (text == null ? new StringBuilder() : text).append(buffer, start, limit - start);
            }
            isLong = text != null && text.length() >= SHORT;
            if (isLong || !fill()) {
                return text == null ? null : text.toString();
            }
        }
    }

    private boolean fill() throws IOException {
        position = 0;
        limit = Math.max(reader.read(buffer, 0, buffer.length), 0);
        return limit > 0;
    }

    /** Reads a long line from its beginning to its end. */
    private final class RestOfLine extends Reader {
        private int read; // position in the part that was already read

        @Override
        public int read(char[] target, int offset, int length) throws IOException {
            if (read < line.length()) {
                int count = Math.min(length, line.length() - read);
                line.getChars(read, read + count, target, offset);
                read += count;
                return count;
            }
            if (!isLong || (position == limit && !fill())) {
                isLong = false;
                return -1;
            }
            int start = position;
            while (position < limit && position - start < length && buffer[position] != '\n') {
                position++;
            }
            int count = position - start;
            System.arraycopy(buffer, start, target, offset, count);
            if (position < limit && buffer[position] == '\n') {
                position++;
                isLong = false;
            }
            return count > 0 ? count : -1;
        }

        @Override
        public void close() {}
    }
}
