package dev.temper.recipe;

import static dev.temper.check.Check.check;
import static java.util.Map.entry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.check.Secrets;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Single values of a recipe: numbers, texts, times. */
final class Scalars {
    static final ObjectMapper MAPPER = new ObjectMapper();
    // YAML 1.1 has no 1e-4 among its numbers: it arrives as a text.
    private static final Pattern NUMBER = Pattern.compile("[-+]?(\\d+\\.?\\d*|\\.\\d+)([eE][-+]?\\d+)?");
    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h)");

    /** Reads a value that is there. */
    private interface Scalar {
        Object read(JsonNode node, String key);
    }

    private static final Map<Type, Scalar> ALL = Map.ofEntries(
            entry(int.class, Scalars::wholeNumber),
            entry(Integer.class, Scalars::wholeNumber),
            entry(long.class, Scalars::longNumber),
            entry(double.class, Scalars::number),
            entry(Double.class, Scalars::number),
            entry(boolean.class, Scalars::truth),
            entry(Boolean.class, Scalars::truth),
            entry(String.class, Scalars::text),
            entry(Object.class, (node, key) -> MAPPER.convertValue(node, Object.class)),
            entry(Duration.class, Scalars::duration),
            entry(OptionalInt.class, (node, key) -> OptionalInt.of(wholeNumber(node, key))),
            entry(OptionalLong.class, (node, key) -> OptionalLong.of(longNumber(node, key))),
            entry(OptionalDouble.class, (node, key) -> OptionalDouble.of(number(node, key))));

    private Scalars() {}

    /** @throws dev.temper.check.InvalidInputException when it is not of this type */
    static Object read(JsonNode node, Class<?> type, String key) {
        return ALL.get(type).read(node, key);
    }

    private static int wholeNumber(JsonNode node, String key) {
        check(node.isIntegralNumber() && node.canConvertToInt(), "%s must be a whole number, got %s", key, shown(node));
        return node.intValue();
    }

    private static long longNumber(JsonNode node, String key) {
        boolean isWhole = node.isIntegralNumber() && node.canConvertToLong();
        check(isWhole, "%s must be a whole number, got %s", key, shown(node));
        return node.longValue();
    }

    private static double number(JsonNode node, String key) {
        boolean isText = node.isTextual() && NUMBER.matcher(node.textValue()).matches();
        double number = isText ? Double.parseDouble(node.textValue()) : node.asDouble(Double.NaN);
        check((isText || node.isNumber()) && Double.isFinite(number), "%s must be a number, got %s", key, shown(node));
        return number;
    }

    private static boolean truth(JsonNode node, String key) {
        check(node.isBoolean(), "%s must be true or false, got %s", key, shown(node));
        return node.booleanValue();
    }

    // A folder 2024_01 without quotes is the number 202401 to YAML: reading numbers as texts would change them.
    private static String text(JsonNode node, String key) {
        String hint = node.isValueNode() ? ": put it in quotes" : "";
        check(node.isTextual(), "%s must be a text, got %s%s", key, shown(node), hint);
        return node.textValue();
    }

    private static Duration duration(JsonNode node, String key) {
        Matcher parts = DURATION.matcher(node.asText());
        check(parts.matches(), "%s must be a time such as 60s or 5m, got %s", key, shown(node));
        long amount = Long.parseLong(parts.group(1));
        return switch (parts.group(2)) {
            case "ms" -> Duration.ofMillis(amount);
            case "s" -> Duration.ofSeconds(amount);
            case "m" -> Duration.ofMinutes(amount);
            default -> Duration.ofHours(amount);
        };
    }

    /** A value in messages. */
    static String shown(JsonNode node) {
        String all = node.isTextual() ? "'" + node.textValue() + "'" : node.isNull() ? "nothing" : node.toString();
        String text = Secrets.masked(all); // half a secret would not be known
        return text.length() > 60 ? text.substring(0, 60) + "…" : text;
    }
}
