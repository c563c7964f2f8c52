package dev.temper.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * The values of a template and what every one of them can do. {@code str}: {@link String} or {@link Markup};
 * {@code int}: {@link Long}, beyond its range {@link BigInteger}; {@code float}: {@link Double}; {@code list}: a
 * {@link List} that nobody changes; {@code dict}: {@link Map}, keys as in {@link Keys}.
 */
final class Values {
    private Values() {}

    static boolean isTrue(Object value) {
        if (value instanceof Boolean truth) {
            return truth;
        }
        if (value instanceof String text) {
            return !text.isEmpty();
        }
        if (value == None.NONE || value instanceof Undefined) {
            return false;
        }
        if (value instanceof List<?> list) {
            return !list.isEmpty();
        }
        if (value instanceof Map<?, ?> map) {
            return !map.isEmpty();
        }
        if (value instanceof Number number) {
            return number.doubleValue() != 0;
        }
        if (value instanceof DictView view) {
            return !view.map().isEmpty();
        }
        return !(value instanceof Markup markup) || !markup.text().isEmpty();
    }

    static String typeName(Object value) {
        if (value instanceof String) {
            return "str";
        }
        if (value instanceof Boolean) {
            return "bool";
        }
        if (value instanceof Long || value instanceof BigInteger) {
            return "int";
        }
        if (value instanceof Double) {
            return "float";
        }
        if (value instanceof Map) {
            return "dict";
        }
        if (value instanceof List) {
            return value instanceof Tuple ? "tuple" : value instanceof Range ? "range" : "list";
        }
        return rareTypeName(value);
    }

    private static String rareTypeName(Object value) {
        if (value instanceof None) {
            return "NoneType";
        }
        if (value instanceof Generator generator) {
            return generator.type();
        }
        if (value instanceof DictView view) {
            return view.type();
        }
        if (value instanceof LoopVariable) {
            return "LoopContext";
        }
        return value instanceof Callable ? "function" : value.getClass().getSimpleName();
    }

    static boolean isText(Object value) {
        return value instanceof String || value instanceof Markup;
    }

    static boolean isList(Object value) {
        return value instanceof List && !(value instanceof Tuple) && !(value instanceof Range);
    }

    /** {@code str(value)}. */
    static String text(Object value, RenderState state) {
        if (value instanceof String text) {
            return text;
        }
        if (value instanceof Undefined) {
            return "";
        }
        if (value instanceof Markup markup) {
            return markup.text();
        }
        return Repr.of(value, state);
    }

    /** A scalar for a message. */
    static String shortText(Object value) {
        return value instanceof Number || value instanceof String || value instanceof Boolean
                ? value.toString()
                : typeName(value);
    }

    /** The text of a {@code str}; fails for any other type. */
    static String requireText(Object value) {
        if (value instanceof String text) {
            return text;
        }
        if (value instanceof Markup markup) {
            return markup.text();
        }
        throw TemplateException.type("expected a string, got %s", typeName(value));
    }

    /** An {@code int} that fits into Java's: lengths, indexes, widths. */
    static int requireSize(Object value) {
        if (value instanceof Long number) {
            if (number > Integer.MAX_VALUE || number < Integer.MIN_VALUE) {
                throw TemplateException.limit("a size of " + number);
            }
            return number.intValue();
        }
        if (value instanceof Boolean truth) {
            return truth ? 1 : 0;
        }
        if (value instanceof BigInteger) {
            throw TemplateException.limit("a size beyond 64 bits");
        }
        throw TemplateException.type("'%s' object cannot be interpreted as an integer", typeName(value));
    }

    /** The items of anything that can be walked through; not to be changed. */
    @SuppressWarnings("unchecked") // lists of a template hold Objects
    static List<Object> items(Object value, RenderState state) {
        if (value instanceof List<?> list) {
            return (List<Object>) list;
        }
        if (value instanceof Map<?, ?> map) {
            state.elements(map.size());
            return new ArrayList<>(map.keySet());
        }
        if (isText(value)) {
            String text = value.toString();
            state.elements(text.length());
            return Text.characters(text);
        }
        if (value instanceof Generator generator) {
            List<Object> items = new ArrayList<>();
            generator.iterator().forEachRemaining(item -> {
                state.elements(1);
                items.add(item);
            });
            return items;
        }
        if (value instanceof DictView view) {
            state.elements(view.map().size() * 2L);
            return view.items();
        }
        if (value instanceof Undefined) {
            return List.of();
        }
        if (value instanceof LoopVariable) {
            throw TemplateException.type("a loop variable cannot be walked through");
        }
        throw TemplateException.type("'%s' object is not iterable", typeName(value));
    }

    /** As {@link #items}, but takes from a generator only what is asked for. */
    static Iterator<Object> iterator(Object value, RenderState state) {
        return value instanceof Generator generator
                ? generator.iterator()
                : items(value, state).iterator();
    }

    static boolean isIterable(Object value) {
        return value instanceof List
                || value instanceof Map
                || isText(value)
                || value instanceof Generator
                || value instanceof DictView
                || value instanceof Undefined
                || value instanceof LoopVariable;
    }

    static long length(Object value) {
        if (value instanceof List<?> list) {
            return list.size();
        }
        if (value instanceof Map<?, ?> map) {
            return map.size();
        }
        if (isText(value)) {
            return Text.length(value.toString());
        }
        if (value instanceof DictView view) {
            return view.map().size();
        }
        if (value instanceof Undefined) {
            return 0;
        }
        if (value instanceof LoopVariable loop) {
            return loop.length();
        }
        throw TemplateException.type("object of type '%s' has no len()", typeName(value));
    }
}
