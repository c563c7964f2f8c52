package dev.temper.spark.reading;

import static dev.temper.check.Check.invalid;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import dev.temper.check.Printable;
import dev.temper.spark.limit.LimitedJson;
import dev.temper.spark.source.FileSlice;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.util.List;

/** Reads the objects of a JSON file that is a single array. */
final class JsonArray implements FileRows {
    private final String source;
    private final JsonParser parser;
    private final JsonValues values;
    private JsonToken token; // the next element; null after the last one
    private long number;

    private JsonArray(JsonParser parser, FileSlice slice, ReadTable table) {
        this.source = slice.file().source();
        this.parser = parser;
        this.values = new JsonValues(slice.file().index(), table);
    }

    static JsonArray open(Reader reader, FileSlice slice, ReadTable table) throws IOException {
        JsonArray array = new JsonArray(
                JsonValues.JSON.createParser(new LimitedJson(reader, table.maxCharacters())), slice, table);
        array.parser.nextToken();
        array.advance();
        return array;
    }

    @Override
    public boolean hasNext() {
        return token != null;
    }

    @Override
    public ReadRow next() {
        number++;
        try {
            ReadRow row;
            if (token == JsonToken.START_OBJECT) {
                row = values.read(parser, number);
            } else {
                row = values.malformed(number, parser.getText(), "no object, but " + token);
                parser.skipChildren();
            }
            advance();
            return row;
        } catch (JsonProcessingException e) {
            throw broken(e);
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
        parser.close();
    }

    private void advance() throws IOException {
        try {
            token = parser.nextToken();
            if (token == JsonToken.END_ARRAY) {
                token = null;
                if (parser.nextToken() != null) {
                    throw invalid("data: %s has more behind its list", source);
                }
            }
        } catch (JsonProcessingException e) {
            throw broken(e);
        }
    }

    private RuntimeException broken(JsonProcessingException e) {
        return invalid(
                "data: %s is no JSON: line %d: %s",
                source,
                e.getLocation() == null ? number : e.getLocation().getLineNr(),
                Printable.parserMessage(e.getOriginalMessage()));
    }
}
