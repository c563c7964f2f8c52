package dev.temper.spark;

import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/** One object a line; a line ends with LF or CRLF. Blank lines are no rows, but they count. */
final class JsonLines implements FileRows {
    private static final int SHOWN_CHARACTERS = 100;

    private final StrictReader reader;
    private final JsonValues values;
    private final char[] buffer = new char[1 << 13];
    private int position;
    private int limit;
    private String line; // the next one, null after the last
    private long number; // of this line

    private JsonLines(StrictReader reader, FileSlice slice, ReadTable table) {
        this.reader = reader;
        this.values = new JsonValues(slice.file().index(), table.columns());
        this.number = slice.firstLine() - 1;
    }

    static JsonLines open(StrictReader reader, FileSlice slice, ReadTable table) throws IOException {
        JsonLines lines = new JsonLines(reader, slice, table);
        lines.advance();
        return lines;
    }

    @Override
    public boolean hasNext() {
        return line != null;
    }

    @Override
    public ReadRow next() {
        try {
            ReadRow row = parse();
            advance();
            return row;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public List<String> columns() {
        return values.names();
    }

    @Override
    public void close() throws IOException {
        reader.close();
    }

    private ReadRow parse() throws IOException {
        try (JsonParser parser = JsonValues.JSON.createParser(line)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return values.malformed(number, line, "no object: " + shown());
            }
            ReadRow row = values.read(parser, number);
            return parser.nextToken() == null
                    ? row
                    : values.malformed(number, line, "more than one object: " + shown());
        } catch (JsonParseException | StreamConstraintsException e) {
            return values.malformed(number, line, e.getOriginalMessage() + ": " + shown());
        }
    }

    private String shown() {
        return line.length() <= SHOWN_CHARACTERS ? line : line.substring(0, SHOWN_CHARACTERS) + "…";
    }

    private void advance() throws IOException {
        do {
            line = readLine();
            number++;
        } while (line != null && line.isBlank());
    }

    private String readLine() throws IOException {
        reader.rowBegins(number + 1);
        StringBuilder text = null;
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
            position = 0;
            limit = Math.max(reader.read(buffer, 0, buffer.length), 0);
            if (limit == 0) {
                return text == null ? null : text.toString();
            }
        }
    }
}
