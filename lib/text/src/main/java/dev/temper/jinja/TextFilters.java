package dev.temper.jinja;

import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;

/** Filters of strings; anything else is made one first. */
final class TextFilters {
    private TextFilters() {}

    static void addTo(Map<String, Filter> table) {
        plain(table, "upper", text -> text.toUpperCase(Locale.ROOT));
        plain(table, "lower", text -> text.toLowerCase(Locale.ROOT));
        plain(table, "capitalize", Letters::capitalize);
        plain(table, "title", TextFilters::title);
        put(table, "string", "", (state, value, a) -> value instanceof Markup ? value : Values.text(value, state));
        put(table, "trim", "chars?", (state, value, a) -> {
            String characters = a[0] == null || a[0] == None.NONE ? null : Values.requireText(a[0]);
            String text = Values.text(value, state);
            state.scan(text.length());
            return marked(value, Text.strip(text, characters, Text.Side.BOTH));
        });
        put(table, "replace", "old new count?", (state, value, a) -> {
            int max = a[2] == null || a[2] == None.NONE ? -1 : Values.requireSize(a[2]);
            String text = Values.text(value, state);
            state.scan(text.length());
            String old = Values.text(a[0], state);
            return StringMethods.replace(state, text, old, Values.text(a[1], state), max);
        });
        put(table, "wordcount", "", (state, value, a) -> wordCount(state, Values.text(value, state)));
        put(table, "truncate", "length? killwords? end? leeway?", TextFilters::truncate);
        table.put("format", TextFilters::format);
    }

    private static void put(Map<String, Filter> table, String name, String parameters, Filter.Body body) {
        table.put(name, Filter.of(name, parameters, body));
    }

    private static void plain(Map<String, Filter> table, String name, UnaryOperator<String> change) {
        put(table, name, "", (state, value, a) -> {
            String text = Values.text(value, state);
            state.scan(text.length());
            String changed = change.apply(text);
            state.chars(changed.length());
            return marked(value, changed);
        });
    }

    /** What is made of marked text is marked. */
    static Object marked(Object original, String text) {
        return original instanceof Markup ? new Markup(text) : text;
    }

    /** Words begin after whitespace, hyphens and opening brackets; {@code str.title} sees that differently. */
    private static String title(String text) {
        StringBuilder title = new StringBuilder(text.length());
        boolean isStart = true;
        for (int point : text.codePoints().toArray()) {
            boolean isSeparator = Text.isSpace(point) || "-({[<".indexOf(point) >= 0;
            String character = Character.toString(point);
            title.append(
                    isStart && !isSeparator ? character.toUpperCase(Locale.ROOT) : character.toLowerCase(Locale.ROOT));
            isStart = isSeparator;
        }
        return title.toString();
    }

    private static long wordCount(RenderState state, String text) {
        state.scan(text.length());
        long count = 0;
        boolean isInside = false;
        for (int point : text.codePoints().toArray()) {
            boolean isWord = point == '_' || Character.isLetter(point) || Letters.isNumeric(point);
            count += isWord && !isInside ? 1 : 0;
            isInside = isWord;
        }
        return count;
    }

    private static Object truncate(RenderState state, Object value, Object[] arguments) {
        int length = Values.requireSize(Filters.orElse(arguments[0], 255L));
        String end = Values.requireText(Filters.orElse(arguments[2], "..."));
        boolean isDefault = arguments[3] == null || arguments[3] == None.NONE;
        int leeway = isDefault ? 5 : Values.requireSize(arguments[3]);
        int kept = length - Text.length(end);
        if (kept < 0 || leeway < 0) {
            throw TemplateException.type(
                    kept < 0 ? "expected length >= %d, got %d" : "expected leeway >= 0", Text.length(end), length);
        }
        if (Values.length(value) <= (long) length + leeway) {
            return value;
        }
        String text = Values.requireText(value);
        state.scan(text.length());
        String start = text.substring(0, Text.unit(text, kept));
        if (!Filters.isSet(arguments[1])) {
            int blank = start.lastIndexOf(' ');
            start = blank < 0 ? start : start.substring(0, blank);
        }
        state.chars(start.length() + (long) end.length());
        return marked(value, start + end);
    }

    private static Object format(RenderState state, Object value, Arguments arguments) {
        boolean hasNames = !arguments.named().isEmpty();
        if (hasNames && arguments.positional().length > 0) {
            throw TemplateException.type("can't handle positional and keyword arguments at the same time");
        }
        Object values = hasNames ? arguments.named() : new Tuple(arguments.positional());
        return marked(value, PercentFormat.format(state, Values.text(value, state), values));
    }
}
