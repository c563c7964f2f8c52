package dev.temper.jinja;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/** {@code tojson} as transformers defines it: {@code json.dumps} with its options, and no escaping for HTML. */
final class JsonText {
    private final RenderState state;
    private final StringBuilder out = new StringBuilder();
    private final boolean isAscii;
    private final boolean isSorted;
    private final String indent;
    private final String itemSeparator;
    private final String keySeparator;

    private JsonText(RenderState state, Object[] options) {
        this.state = state;
        this.isAscii = Filters.isSet(options[0]);
        this.indent = indent(state, options[1]);
        this.isSorted = Filters.isSet(options[3]);
        List<Object> separators = options[2] == null || options[2] == None.NONE
                ? List.of(indent == null ? ", " : ",", ": ")
                : Values.items(options[2], state);
        if (separators.size() != 2) {
            throw TemplateException.type("separators must be two strings");
        }
        this.itemSeparator = Values.requireText(separators.get(0));
        this.keySeparator = Values.requireText(separators.get(1));
    }

    /** Options: ensure_ascii, indent, separators, sort_keys; null where not given. */
    static Object filter(RenderState state, Object value, Object[] options) {
        JsonText json = new JsonText(state, options);
        json.write(value, 0);
        return json.out.toString();
    }

    private static String indent(RenderState state, Object indent) {
        if (indent == null || indent == None.NONE) {
            return null;
        }
        return Values.isText(indent) ? indent.toString() : Padding.pad(state, "", Values.requireSize(indent), " ", '<');
    }

    private void write(Object value, int depth) {
        if (Values.isText(value)) {
            string(value.toString());
        } else if (value instanceof Map<?, ?> map) {
            object(map, depth);
        } else if (value instanceof List<?> list && !(value instanceof Range)) {
            array(list, depth);
        } else {
            append(scalar(value));
        }
    }

    private String scalar(Object value) {
        if (value == None.NONE) {
            return "null";
        }
        if (value instanceof Boolean) {
            return value.toString();
        }
        if (value instanceof Double number) {
            boolean isFinite = !number.isNaN() && !number.isInfinite();
            return isFinite ? Repr.of(number) : number.isNaN() ? "NaN" : number > 0 ? "Infinity" : "-Infinity";
        }
        if (value instanceof Number) {
            return Repr.of(value, state);
        }
        throw TemplateException.type(
                "Object of type %s is not JSON serializable",
                value instanceof Undefined ? "Undefined" : Values.typeName(value));
    }

    private void array(List<?> list, int depth) {
        state.nested(depth);
        append("[");
        boolean isFirst = true;
        for (Object item : list) {
            append(isFirst ? "" : itemSeparator);
            isFirst = false;
            line(depth + 1);
            write(item, depth + 1);
        }
        if (!isFirst) {
            line(depth);
        }
        append("]");
    }

    private void object(Map<?, ?> map, int depth) {
        state.nested(depth);
        append("{");
        boolean isFirst = true;
        List<Object> pairs = DictView.pairs(map);
        state.elements(pairs.size());
        if (isSorted) {
            pairs = Comparison.sorted(
                    pairs, (a, b) -> Comparison.order(((Tuple) a).get(0), ((Tuple) b).get(0), "<", state));
        }
        for (Object pair : pairs) {
            append(isFirst ? "" : itemSeparator);
            isFirst = false;
            line(depth + 1);
            key(((Tuple) pair).get(0));
            append(keySeparator);
            write(((Tuple) pair).get(1), depth + 1);
        }
        if (!isFirst) {
            line(depth);
        }
        append("}");
    }

    private void key(Object key) {
        if (Values.isText(key)) {
            string(key.toString());
        } else if (Numbers.isNumber(key) || key == None.NONE) {
            string(scalar(key));
        } else {
            throw TemplateException.type("keys must be str, int, float, bool or None, not %s", Values.typeName(key));
        }
    }

    private void line(int depth) {
        if (indent != null) {
            state.chars((long) indent.length() * depth);
            append("\n" + indent.repeat(depth));
        }
    }

    private void append(String text) {
        state.append(out, text);
    }

    private void string(String text) {
        StringBuilder quoted = new StringBuilder(text.length() + 2).append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            int escape = "\"\\\n\r\t\b\f".indexOf(c);
            if (escape >= 0) {
                quoted.append('\\').append("\"\\nrtbf".charAt(escape));
            } else if (c < 0x20 || (isAscii && c > 0x7e)) {
                quoted.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
            } else {
                quoted.append(c);
            }
        }
        append(quoted.append('"').toString());
    }
}
