package dev.temper.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** {@code value.name}, {@code value[key]} and {@code value[a:b:c]}, restricted as in Jinja2's sandbox. */
final class Access {
    private Access() {}

    /** The attribute; if there is none, the item of that name. */
    static Object attribute(RenderState state, Object owner, String name) {
        Object attribute = own(state, owner, name);
        if (attribute != null) {
            return attribute;
        }
        Object item = owner instanceof Map<?, ?> map ? map.get(name) : null;
        return item == null ? Undefined.attribute(owner, name) : item;
    }

    /** What Python's {@code getattr} finds, or null. */
    static Object own(RenderState state, Object owner, String name) {
        if (owner instanceof Undefined undefined) {
            throw undefined.failure();
        }
        if (owner instanceof Namespace namespace) {
            Object value = namespace.attributes().get(name);
            if (value != null) {
                return name.startsWith("_") ? Undefined.unsafe(owner, name) : value;
            }
        } else if (owner instanceof LoopVariable loop) {
            Object value = loop.attribute(name);
            if (value != null) {
                return value;
            }
        } else if (owner instanceof Attributed attributed) {
            Object value = attributed.attribute(name);
            if (value != null) {
                return value;
            }
        }
        Method method = Method.find(owner, name);
        if (method != null) {
            return method.bind(owner);
        }
        return isSpecial(name) || Method.isMutation(owner, name) ? Undefined.unsafe(owner, name) : null;
    }

    private static boolean isSpecial(String name) {
        return name.startsWith("__") && name.endsWith("__") && name.length() > 4;
    }

    /** The item; if there is none, the attribute of that name. */
    static Object item(RenderState state, Object owner, Object key) {
        if (owner instanceof Map<?, ?> map) {
            Object value = isHashable(key) ? Keys.find(map, key, state) : null;
            if (value != null) {
                return value;
            }
        } else if (key instanceof Long || key instanceof Boolean) {
            Object value = indexed(state, owner, Values.requireSize(clamped(key)));
            if (value != null) {
                return value;
            }
        }
        if (owner instanceof Undefined undefined) {
            throw undefined.failure();
        }
        Object attribute = Values.isText(key) ? own(state, owner, key.toString()) : null;
        return attribute == null ? Undefined.attribute(owner, key) : attribute;
    }

    private static Object clamped(Object index) {
        return index instanceof Long number ? (Object) Math.max(-(1L << 31), Math.min(number, (1L << 31) - 1)) : index;
    }

    private static boolean isHashable(Object key) {
        return !(key instanceof Map) && (!(key instanceof List) || key instanceof Tuple || key instanceof Range);
    }

    private static Object indexed(RenderState state, Object owner, int index) {
        if (owner instanceof List<?> list) {
            long i = index < 0 ? (long) index + list.size() : index;
            return i >= 0 && i < list.size() ? list.get((int) i) : null;
        }
        if (!Values.isText(owner)) {
            return null;
        }
        String text = owner.toString();
        state.scan(text.length());
        int length = Text.length(text);
        long i = index < 0 ? (long) index + length : index;
        if (i < 0 || i >= length) {
            return null;
        }
        String character = Character.toString(text.codePointAt(Text.unit(text, (int) i)));
        return owner instanceof Markup ? new Markup(character) : character;
    }

    /**
     * A slice of a sequence.
     *
     * @param bounds start, stop and step, {@link None} where absent
     */
    static Object slice(RenderState state, Object owner, Object[] bounds) {
        Undefined.refuse(owner);
        if (!Values.isText(owner) && !(owner instanceof List)) {
            throw TemplateException.type("'%s' object is not subscriptable", Values.typeName(owner));
        }
        for (Object bound : bounds) {
            if (bound != None.NONE && !Numbers.isInteger(bound)) {
                throw TemplateException.type("slice indices must be integers or None");
            }
        }
        int step = bounds[2] == None.NONE ? 1 : Values.requireSize(clamped(Numbers.normal(Numbers.big(bounds[2]))));
        if (step == 0) {
            throw TemplateException.type("slice step cannot be zero");
        }
        int length = (int) Values.length(owner);
        int start = bound(bounds[0], length, step > 0 ? 0 : length - 1, step);
        int stop = bound(bounds[1], length, step > 0 ? length : -1, step);
        if (Values.isText(owner)) {
            String text = text(state, owner.toString(), new int[] {start, stop, step});
            return owner instanceof Markup ? new Markup(text) : text;
        }
        if (owner instanceof Range range) {
            return range.slice(start, stop, step);
        }
        List<Object> part = items(state, (List<?>) owner, new int[] {start, stop, step});
        return owner instanceof Tuple ? new Tuple(part) : part;
    }

    private static int bound(Object value, int length, int absent, int step) {
        if (value == None.NONE) {
            return absent;
        }
        long index = Values.requireSize(clamped(Numbers.normal(Numbers.big(value))));
        index = index < 0 ? index + length : index;
        return (int) Math.max(step > 0 ? 0 : -1, Math.min(step > 0 ? length : length - 1, index));
    }

    private static String text(RenderState state, String text, int[] range) {
        state.scan(text.length());
        state.chars(text.length());
        if (range[2] == 1) {
            int start = Text.unit(text, range[0]);
            return range[1] <= range[0]
                    ? ""
                    : text.substring(start, text.offsetByCodePoints(start, range[1] - range[0]));
        }
        int[] points = text.codePoints().toArray();
        StringBuilder part = new StringBuilder();
        for (long i = range[0]; range[2] > 0 ? i < range[1] : i > range[1]; i += range[2]) {
            part.appendCodePoint(points[(int) i]);
        }
        return part.toString();
    }

    private static List<Object> items(RenderState state, List<?> list, int[] range) {
        List<Object> part = new ArrayList<>();
        for (long i = range[0]; range[2] > 0 ? i < range[1] : i > range[1]; i += range[2]) {
            state.elements(1);
            part.add(list.get((int) i));
        }
        return part;
    }

    /** A value with attributes of its own, such as a macro with its name. */
    interface Attributed {
        /** Null when there is none. */
        Object attribute(String name);
    }
}
