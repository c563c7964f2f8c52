package dev.temper.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Filters that lay text out in lines. */
final class LayoutFilters {
    /** Where {@code textwrap} may break: after whitespace, after hyphens inside words, around dashes. */
    private static final Pattern CHUNKS = Pattern.compile(
            "[\\t\\n\\x0b\\f\\r ]+"
                    + "|(?<=[\\w!\"'&.,?])-{2,}(?=\\w)"
                    + "|[^\\t\\n\\x0b\\f\\r ]+?"
                    + "(?:-(?:(?<=[^\\d\\W]{2}-)|(?<=[^\\d\\W]-[^\\d\\W]-))(?=[^\\d\\W]-?[^\\d\\W])"
                    + "|(?=[\\t\\n\\x0b\\f\\r ]|\\z)"
                    + "|(?<=[\\w!\"'&.,?])(?=-{2,}\\w))",
            Pattern.UNICODE_CHARACTER_CLASS);

    private static final Pattern WORDS = Pattern.compile("[\\t\\n\\x0b\\f\\r ]+|[^\\t\\n\\x0b\\f\\r ]+");

    private LayoutFilters() {}

    static void addTo(Map<String, Filter> table) {
        put(table, "indent", "width? first? blank?", LayoutFilters::indent);
        put(table, "center", "width?", (state, value, a) -> {
            int width = Values.requireSize(Filters.orElse(a[0], 80L));
            return TextFilters.marked(value, Padding.pad(state, Values.text(value, state), width, " ", '^'));
        });
        put(table, "wordwrap", "width? break_long_words? wrapstring? break_on_hyphens?", LayoutFilters::wordWrap);
    }

    private static void put(Map<String, Filter> table, String name, String parameters, Filter.Body body) {
        table.put(name, Filter.of(name, parameters, body));
    }

    private static Object indent(RenderState state, Object value, Object[] arguments) {
        Undefined.refuse(value);
        String text = Values.requireText(value);
        Object width = Filters.orElse(arguments[0], 4L);
        String indention =
                Values.isText(width) ? width.toString() : Padding.pad(state, "", Values.requireSize(width), " ", '<');
        boolean indentsBlank = Filters.isSet(arguments[2]);
        state.scan(text.length());
        StringBuilder out = new StringBuilder(text.length());
        state.append(out, Filters.isSet(arguments[1]) ? indention : "");
        List<Object> lines = Text.lines(text + "\n", Text.Side.LEFT);
        for (int i = 0; i < lines.size(); i++) {
            String line = (String) lines.get(i);
            boolean isIndented = i > 0 && (indentsBlank || !line.isEmpty());
            state.append(out, i > 0 ? "\n" : "");
            state.append(out, isIndented ? indention : "");
            state.append(out, line);
        }
        return TextFilters.marked(value, out.toString());
    }

    private static Object wordWrap(RenderState state, Object value, Object[] arguments) {
        String text = Values.requireText(value);
        int width = Values.requireSize(Filters.orElse(arguments[0], 79L));
        boolean breaksWords = arguments[1] == null || Values.isTrue(arguments[1]);
        boolean hasSeparator = arguments[2] != null && arguments[2] != None.NONE;
        String separator = hasSeparator ? Values.requireText(arguments[2]) : "\n";
        Pattern chunks = arguments[3] == null || Values.isTrue(arguments[3]) ? CHUNKS : WORDS;
        if (width <= 0) {
            throw TemplateException.type("invalid width %d (must be > 0)", width);
        }
        state.scan(text.length());
        state.elements(text.length());
        StringBuilder out = new StringBuilder();
        String before = "";
        for (Object line : Text.lines(text, Text.Side.LEFT)) {
            List<String> wrapped = wrap((String) line, width, chunks, breaksWords);
            state.append(out, before);
            state.append(out, String.join(separator, wrapped));
            before = separator;
        }
        return TextFilters.marked(value, out.toString());
    }

    private static List<String> wrap(String line, int width, Pattern pattern, boolean breaksWords) {
        List<String> chunks = new ArrayList<>();
        Matcher matcher = pattern.matcher(line);
        while (matcher.find()) {
            chunks.add(matcher.group());
        }
        List<String> lines = new ArrayList<>();
        int next = 0;
        while (next < chunks.size()) {
            if (!lines.isEmpty() && chunks.get(next).isBlank()) {
                next++;
            }
            List<String> current = new ArrayList<>();
            int used = 0;
            while (next < chunks.size() && used + Text.length(chunks.get(next)) <= width) {
                used += Text.length(chunks.get(next));
                current.add(chunks.get(next++));
            }
            if (next < chunks.size() && Text.length(chunks.get(next)) > width) {
                next = breakLong(chunks, next, current, breaksWords ? width - used : -1);
            }
            if (!current.isEmpty() && current.get(current.size() - 1).isBlank()) {
                current.remove(current.size() - 1);
            }
            if (!current.isEmpty()) {
                lines.add(String.join("", current));
            }
        }
        return lines;
    }

    /** A chunk that fits no line: cut, when {@code room} is not negative, else alone on its line. */
    private static int breakLong(List<String> chunks, int next, List<String> current, int room) {
        String chunk = chunks.get(next);
        if (room >= 0) {
            int fits = Math.max(1, room);
            int cut = Text.unit(chunk, fits);
            int hyphen = chunk.lastIndexOf('-', cut - 1);
            boolean cutsAtHyphen =
                    hyphen > 0 && chunk.substring(0, hyphen).chars().anyMatch(c -> c != '-');
            cut = cutsAtHyphen ? hyphen + 1 : cut;
            current.add(chunk.substring(0, cut));
            chunks.set(next, chunk.substring(cut));
            return next;
        }
        if (current.isEmpty()) {
            current.add(chunk);
            return next + 1;
        }
        return next;
    }
}
