package dev.temper.jinja;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Filters for HTML and addresses; chat templates use {@code safe} and {@code escape} at most. */
final class MarkupFilters {
    private static final String UNRESERVED = "_.-~";

    private MarkupFilters() {}

    static void addTo(Map<String, Filter> table) {
        put(
                table,
                "safe",
                "",
                (state, value, a) -> value instanceof Markup ? value : new Markup(Values.text(value, state)));
        put(table, "escape", "", (state, value, a) -> Markup.escape(value, state));
        put(table, "e", "", (state, value, a) -> Markup.escape(value, state));
        put(table, "forceescape", "", (state, value, a) -> Markup.escape(Values.text(value, state), state));
        put(table, "striptags", "", (state, value, a) -> stripTags(state, Values.text(value, state)));
        put(table, "xmlattr", "autospace?", MarkupFilters::attributes);
        put(table, "urlencode", "", MarkupFilters::urlEncode);
    }

    private static void put(Map<String, Filter> table, String name, String parameters, Filter.Body body) {
        table.put(name, Filter.of(name, parameters, body));
    }

    private static String stripTags(RenderState state, String text) {
        state.scan(text.length());
        state.chars(text.length() * 2L);
        String plain = without(without(text, "<!--", "-->"), "<", ">");
        List<String> words = new ArrayList<>();
        Text.split(plain, null, -1).forEach(word -> words.add((String) word));
        return unescaped(String.join(" ", words));
    }

    private static String without(String text, String open, String close) {
        StringBuilder kept = new StringBuilder();
        int start = 0;
        for (int i = text.indexOf(open); i >= 0; i = text.indexOf(open, start)) {
            int end = text.indexOf(close, i + open.length());
            if (end < 0) {
                break;
            }
            kept.append(text, start, i);
            start = end + close.length();
        }
        return kept.append(text, start, text.length()).toString();
    }

    /** The entities that {@code escape} writes, and the usual others. */
    private static String unescaped(String text) {
        StringBuilder plain = new StringBuilder();
        int start = 0;
        for (int i = text.indexOf('&'); i >= 0; i = text.indexOf('&', i + 1)) {
            int end = text.indexOf(';', i);
            int point = end < 0 || end - i > 10 ? -1 : entity(text.substring(i + 1, end));
            if (point >= 0) {
                plain.append(text, start, i).appendCodePoint(point);
                start = end + 1;
            }
        }
        return plain.append(text, start, text.length()).toString();
    }

    private static int entity(String name) {
        if (name.startsWith("#")) {
            boolean isHex = name.startsWith("#x") || name.startsWith("#X");
            try {
                int point = Integer.parseInt(name.substring(isHex ? 2 : 1), isHex ? 16 : 10);
                return Character.isValidCodePoint(point) ? point : -1;
            } catch (NumberFormatException e) {
                return -1;
            }
        }
        return switch (name) {
            case "amp" -> '&';
            case "lt" -> '<';
            case "gt" -> '>';
            case "quot" -> '"';
            case "apos" -> '\'';
            case "nbsp" -> 0xa0;
            default -> -1;
        };
    }

    private static Object attributes(RenderState state, Object value, Object[] arguments) {
        Undefined.refuse(value);
        if (!(value instanceof Map<?, ?> map)) {
            throw TemplateException.type("xmlattr needs a dict, got %s", Values.typeName(value));
        }
        StringBuilder out = new StringBuilder();
        boolean hasSpace = arguments[0] == null || Values.isTrue(arguments[0]);
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            if (entry.getValue() == None.NONE || entry.getValue() instanceof Undefined) {
                continue;
            }
            String key = Values.requireText(entry.getKey());
            if (key.chars().anyMatch(c -> "/>= \t\n\r\f\u000b".indexOf(c) >= 0)) {
                throw TemplateException.type("invalid character in attribute name '%s'", key);
            }
            String escaped = Markup.escape(entry.getValue(), state).text();
            state.append(out, out.length() > 0 || hasSpace ? " " : "");
            state.append(out, Markup.escape(key, state).text());
            state.append(out, "=\"" + escaped + "\"");
        }
        return out.toString();
    }

    private static Object urlEncode(RenderState state, Object value, Object[] arguments) {
        if (Values.isText(value) || !Values.isIterable(value)) {
            return quoted(state, Values.text(value, state), UNRESERVED + "/");
        }
        List<Object> pairs = value instanceof Map<?, ?> map ? DictView.pairs(map) : Values.items(value, state);
        StringBuilder out = new StringBuilder();
        for (Object pair : pairs) {
            List<Object> parts = Values.items(pair, state);
            if (parts.size() != 2) {
                throw TemplateException.type("urlencode needs pairs, got %d values", parts.size());
            }
            state.append(out, out.length() > 0 ? "&" : "");
            state.append(out, query(state, parts.get(0)) + "=" + query(state, parts.get(1)));
        }
        return out.toString();
    }

    private static String query(RenderState state, Object value) {
        return quoted(state, Values.text(value, state), UNRESERVED).replace("%20", "+");
    }

    private static String quoted(RenderState state, String text, String kept) {
        state.chars(text.length() * 3L);
        StringBuilder out = new StringBuilder();
        for (byte unit : text.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (unit & 0xff);
            boolean isKept =
                    (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kept.indexOf(c) >= 0;
            if (isKept) {
                out.append(c);
            } else {
                out.append('%')
                        .append(Character.toUpperCase(Character.forDigit(c >> 4, 16)))
                        .append(Character.toUpperCase(Character.forDigit(c & 15, 16)));
            }
        }
        return out.toString();
    }
}
