package dev.temper.spark.reading;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonStreamContext;
import com.fasterxml.jackson.core.JsonToken;
import dev.temper.spark.limit.LimitedJson;
import dev.temper.text.InputColumn;
import java.io.IOException;
import java.util.List;

/**
 * Checks the beginning of a file that should have one JSON object per line for other layouts: an object around the list
 * of rows, or objects over several lines. Read line by line, every row would be rejected without a helpful reason.
 */
final class JsonLayout {
    private static final String WANTED = "what is read is one object a line, or a list of objects";

    private static final int SHOWN_CHARACTERS = 1000; // of a name; it may be of any length

    private JsonLayout() {}

    /** @throws dev.temper.check.InvalidInputException with a command that rewrites the file */
    static void verify(StrictReader reader, String source, List<InputColumn> columns) throws IOException {
        try (JsonParser parser = JsonValues.JSON.createParser(new LimitedJson(reader, SHOWN_CHARACTERS))) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return;
            }
            int line = parser.currentTokenLocation().getLineNr();
            JsonStreamContext object = parser.getParsingContext();
            String list = null; // the first member that is a list of objects
            boolean isRow = false;
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                isRow |= columns.stream().anyMatch(column -> column.name().equals(name));
                boolean isList =
                        parser.nextToken() == JsonToken.START_ARRAY && parser.nextToken() == JsonToken.START_OBJECT;
                list = list == null && isList ? name : list;
                while (parser.getParsingContext() != object) {
                    parser.nextToken();
                }
            }
            boolean isOneLine = parser.currentTokenLocation().getLineNr() == line;
            if (list != null && !isRow && (!isOneLine || parser.nextToken() == null)) {
                throw invalid(
                        "data: %s is one object with its rows in the list %s: %s; write it so, as with"
                                + " jq -c '.%s[]' %s > rows.jsonl",
                        source, list, WANTED, list, source);
            }
            check(
                    isOneLine,
                    "data: %s has objects over several lines: %s; write it so, as with jq -c . %s > rows.jsonl",
                    source,
                    WANTED,
                    source);
        } catch (JsonProcessingException e) {
            return; // the line reader reports it
        }
    }
}
