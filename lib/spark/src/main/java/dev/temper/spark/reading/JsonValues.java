package dev.temper.spark.reading;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import dev.temper.spark.limit.LimitedJson;
import dev.temper.spark.limit.LimitedText;
import dev.temper.text.InputColumn;
import dev.temper.text.InputColumn.Content;
import dev.temper.text.RejectedRowException.Reason;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Extracts the columns to read from JSON objects. */
final class JsonValues {
    static final JsonFactory JSON = JsonFactory.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS) // Python writes NaN
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES) // does not intern field names of untrusted files
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxStringLength(Integer.MAX_VALUE)
                    .build())
            .build();
    private static final int MAX_NAMES = 200;
    private static final int MAX_NAME = 1000;
    private static final int MAX_DIGITS = 40;

    private final int file;
    private final List<InputColumn> columns;
    private final int maxCharacters;
    private final Map<String, Integer> indexes = new HashMap<>();
    private final Set<String> names = new LinkedHashSet<>();
    private String reason;
    private String detail;

    /** The parser's input must be filtered by {@link LimitedJson}, or be short. */
    JsonValues(int file, ReadTable table) {
        this.file = file;
        this.columns = table.columns();
        this.maxCharacters = table.maxCharacters();
        for (int i = 0; i < columns.size(); i++) {
            indexes.put(columns.get(i).name(), i);
        }
    }

    /** Names of all members seen so far, up to a maximum number. */
    List<String> names() {
        return List.copyOf(names);
    }

    /** Reads the object at which the parser stands, and moves the parser to its end. */
    ReadRow read(JsonParser parser, long number) throws IOException {
        String[] values = new String[columns.size()];
        reason = null;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            Integer index = indexes.get(name);
            if (index != null || (names.size() < MAX_NAMES && name.length() <= MAX_NAME)) {
                names.add(name);
            }
            parser.nextToken();
            if (index == null) {
                parser.skipChildren();
            } else {
                values[index] = value(parser, columns.get(index));
            }
        }
        return new ReadRow(file, number, values, reason, reason == null ? null : detail).within(maxCharacters);
    }

    ReadRow malformed(long number, String text, String why) {
        String[] values = new String[columns.size()];
        values[0] = text;
        return new ReadRow(file, number, values, Reason.MALFORMED.label(), why);
    }

    private String value(JsonParser parser, InputColumn column) throws IOException {
        JsonToken token = parser.currentToken();
        if (token == JsonToken.VALUE_NULL) {
            return null;
        }
        if (token == JsonToken.VALUE_STRING) {
            return wellFormed(parser.getText(), column);
        }
        String text = token.isStructStart() ? copy(parser) : parser.getText();
        Content content = column.content();
        if ((content == Content.LABEL && token == JsonToken.VALUE_NUMBER_INT)
                || (content == Content.NUMBER && token.isNumeric())) {
            return text;
        }
        if (content == Content.LABEL && token == JsonToken.VALUE_NUMBER_FLOAT && !parser.isNaN()) {
            double number = parser.getDoubleValue();
            String whole = Double.isFinite(number) ? whole(BigDecimal.valueOf(number)) : null;
            if (whole != null) {
                return whole;
            }
        }
        if (content == Content.LABEL && token.isBoolean()) {
            return token == JsonToken.VALUE_TRUE ? "1" : "0";
        }
        if (content.isMarkedList() && token == JsonToken.START_ARRAY) {
            return InputColumn.NESTED + text;
        }
        boolean isNested = content == Content.JSON || content == Content.OPTION;
        if (!isNested || !token.isStructStart()) {
            reject(Reason.WRONG_TYPE, "%s holds no %s but %s", column.name(), wanted(content), kind(token));
        }
        return text;
    }

    /** An integer value in decimal digits, {@code 1} for {@code 1.0}; null if the number is no integer. */
    static String whole(BigDecimal number) {
        BigDecimal plain = number.stripTrailingZeros();
        return plain.scale() <= 0 && plain.precision() - plain.scale() <= MAX_DIGITS ? plain.toPlainString() : null;
    }

    private String wellFormed(String text, InputColumn column) {
        boolean isSuspect = text.chars().anyMatch(c -> Character.isSurrogate((char) c));
        if (isSuspect && !StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
            reject(Reason.MALFORMED, "%s has half a surrogate pair, which is no character", column.name());
        }
        return text;
    }

    // Only the first problem of a row is reported.
    private void reject(Reason why, String format, Object... arguments) {
        if (reason == null) {
            reason = why.label();
            detail = format.formatted(arguments);
        }
    }

    // Token by token, so that numbers preserve their digits.
    private String copy(JsonParser parser) throws IOException {
        LimitedText text = new LimitedText(maxCharacters);
        try (JsonGenerator out = JSON.createGenerator(text)) {
            int depth = 0;
            do {
                JsonToken token = parser.currentToken();
                if (!text.isFull()) { // otherwise the rest of the value is skipped
                    copy(parser, out);
                }
                depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
            } while (depth > 0 && parser.nextToken() != null);
        }
        return text.toString();
    }

    private static void copy(JsonParser parser, JsonGenerator out) throws IOException {
        if (parser.currentToken().isNumeric()) {
            out.writeNumber(parser.getText());
        } else {
            out.copyCurrentEvent(parser);
        }
    }

    private static String wanted(Content content) {
        return switch (content) {
            case TEXT -> "text";
            case JSON, OPTION -> "text, list or object";
            case TEXT_OR_MESSAGES -> "text or list of messages";
            case LABEL -> "text, integer or boolean";
            case LABELS -> "text or list of labels";
            case NUMBER -> "number";
        };
    }

    private static String kind(JsonToken token) {
        return switch (token) {
            case START_OBJECT -> "an object";
            case START_ARRAY -> "a list";
            case VALUE_TRUE, VALUE_FALSE -> "a boolean";
            default -> "a number";
        };
    }
}
