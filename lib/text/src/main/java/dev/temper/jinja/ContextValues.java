package dev.temper.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Converts the caller's Java data to template values. It is copied, so later changes have no effect. */
final class ContextValues {
    private ContextValues() {}

    static Object convert(RenderState state, String name, Object value) {
        return convert(state, name, value, 0);
    }

    private static Object convert(RenderState state, String name, Object value, int depth) {
        if (value == null) {
            return None.NONE;
        }
        if (value instanceof String || value instanceof Boolean || value instanceof Long || value instanceof Double) {
            return value;
        }
        if (value instanceof Map<?, ?> map) {
            state.nested(depth);
            Map<Object, Object> copy = new LinkedHashMap<>(2 + map.size() * 4 / 3);
            map.forEach((key, item) ->
                    copy.put(convert(state, name, key, depth + 1), convert(state, name, item, depth + 1)));
            return copy;
        }
        if (value instanceof Collection<?> collection) {
            state.nested(depth);
            List<Object> copy = new ArrayList<>(collection.size());
            for (Object item : collection) {
                copy.add(convert(state, name, item, depth + 1));
            }
            return copy;
        }
        return number(name, value);
    }

    private static Object number(String name, Object value) {
        if (value instanceof BigInteger big) {
            return Numbers.normal(big);
        }
        if (value instanceof Integer || value instanceof Short || value instanceof Byte) {
            return ((Number) value).longValue();
        }
        if (value instanceof Number number) {
            return number.doubleValue();
        }
        throw TemplateException.type(
                "variable '%s' holds a %s, which is no data for a template",
                name, value.getClass().getName());
    }
}
