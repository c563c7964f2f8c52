package dev.temper.jinja;

import java.util.Map;

/** Python's {@code str.format}, with the sandbox's access to attributes. */
final class BraceFormat {
    private static final int MAX_NESTING = 3;

    private final RenderState state;
    private final Arguments arguments;
    private int nextIndex = 0;
    private boolean isNumbered = false;

    private BraceFormat(RenderState state, Arguments arguments) {
        this.state = state;
        this.arguments = arguments;
    }

    static String format(RenderState state, String format, Arguments arguments) {
        return new BraceFormat(state, arguments).format(format, MAX_NESTING);
    }

    static String formatMap(RenderState state, String format, Object mapping) {
        if (!(mapping instanceof Map<?, ?> map)) {
            throw TemplateException.type("format_map() needs a mapping");
        }
        Map<String, Object> named = new java.util.HashMap<>();
        map.forEach((key, value) -> {
            if (key instanceof String name) {
                named.put(name, value);
            }
        });
        return format(state, format, new Arguments(new Object[0], named));
    }

    private String format(String format, int nesting) {
        if (nesting == 0) {
            throw TemplateException.type("max string recursion exceeded");
        }
        StringBuilder out = new StringBuilder();
        int i = 0;
        while (i < format.length()) {
            int brace = i;
            while (brace < format.length() && format.charAt(brace) != '{' && format.charAt(brace) != '}') {
                brace++;
            }
            state.append(out, format.substring(i, brace));
            if (brace == format.length()) {
                break;
            }
            char c = format.charAt(brace);
            if (brace + 1 < format.length() && format.charAt(brace + 1) == c) {
                state.append(out, String.valueOf(c));
                i = brace + 2;
                continue;
            }
            if (c == '}') {
                throw TemplateException.type("single '}' encountered in format string");
            }
            int end = fieldEnd(format, brace + 1);
            state.append(out, field(format.substring(brace + 1, end), nesting));
            i = end + 1;
        }
        return out.toString();
    }

    private static int fieldEnd(String format, int from) {
        int open = 1;
        for (int i = from; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c == '[') { // a brace in an index is part of it
                int close = format.indexOf(']', i);
                i = close < 0 || format.substring(from, i).indexOf(':') >= 0 ? i : close;
            } else if (c == '{') {
                open++;
            } else if (c == '}' && --open == 0) {
                return i;
            }
        }
        throw TemplateException.type("expected '}' before end of string");
    }

    private String field(String field, int nesting) {
        int nameEnd = 0;
        while (nameEnd < field.length() && field.charAt(nameEnd) != ':' && field.charAt(nameEnd) != '!') {
            int close = field.charAt(nameEnd) == '[' ? field.indexOf(']', nameEnd) : -1;
            nameEnd = Math.max(nameEnd, close) + 1;
        }
        Object value = value(field.substring(0, nameEnd));
        int i = nameEnd;
        if (i < field.length() && field.charAt(i) == '!') {
            if (i + 1 >= field.length() || (i + 2 < field.length() && field.charAt(i + 2) != ':')) {
                throw TemplateException.type("expected one conversion character and ':' after '!'");
            }
            value = converted(value, field.charAt(i + 1));
            i += 2;
        }
        String spec = i < field.length() ? format(field.substring(i + 1), nesting - 1) : "";
        return FormatSpec.format(state, value, spec);
    }

    private Object converted(Object value, char conversion) {
        return switch (conversion) {
            case 's' -> Values.text(value, state);
            case 'r', 'a' -> Repr.of(value, state);
            default -> throw TemplateException.type("unknown conversion specifier '%s'", conversion);
        };
    }

    private Object value(String path) {
        int i = 0;
        while (i < path.length() && path.charAt(i) != '.' && path.charAt(i) != '[') {
            i++;
        }
        Object value = first(path.substring(0, i));
        while (i < path.length()) {
            boolean isItem = path.charAt(i) == '[';
            int start = i + 1;
            i = start;
            while (i < path.length() && (isItem ? path.charAt(i) != ']' : ".[".indexOf(path.charAt(i)) < 0)) {
                i++;
            }
            String part = path.substring(start, i);
            if (part.isEmpty() || (isItem && i == path.length())) {
                throw TemplateException.type("empty attribute in format string");
            }
            value = isItem ? Access.item(state, value, index(part)) : Access.attribute(state, value, part);
            i += isItem ? 1 : 0;
        }
        return value;
    }

    private static Object index(String part) {
        return isNumber(part) ? (Object) Long.parseLong(part) : part;
    }

    private static boolean isNumber(String part) {
        return !part.isEmpty() && part.length() < 10 && part.chars().allMatch(c -> c >= '0' && c <= '9');
    }

    private Object first(String name) {
        if (!name.isEmpty() && !isNumber(name)) {
            Object value = arguments.named().get(name);
            if (value == null) {
                throw TemplateException.type("the format needs an argument '%s'", name);
            }
            return value;
        }
        if (name.isEmpty() ? isNumbered : nextIndex > 0) {
            throw TemplateException.type("cannot mix automatic and manual field numbering");
        }
        isNumbered = !name.isEmpty();
        int index = name.isEmpty() ? nextIndex++ : Integer.parseInt(name);
        if (index >= arguments.positional().length) {
            throw TemplateException.type("replacement index %d out of range for positional arguments", index);
        }
        return arguments.positional()[index];
    }
}
