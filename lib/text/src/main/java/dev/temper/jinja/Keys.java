package dev.temper.jinja;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;

/** Access to dicts by Python's rules: {@code 1}, {@code 1.0} and {@code True} are one key, containers are none. */
final class Keys {
    private Keys() {}

    /** The value, or null when there is none. */
    static Object find(Map<?, ?> map, Object key, RenderState state) {
        if (key instanceof String) {
            return map.get(key);
        }
        Object plain = hashable(key, state);
        Object found = map.get(plain);
        return found == null && isNumber(plain) ? findNumber(map, plain) : found;
    }

    private static Object findNumber(Map<?, ?> map, Object key) {
        for (Object same : new Object[] {asLong(key), asDouble(key), asBoolean(key)}) {
            Object found = same == null ? null : map.get(same);
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    static void put(Map<Object, Object> map, Object key, Object value, RenderState state) {
        if (key instanceof String) {
            map.put(key, value);
            return;
        }
        Object plain = hashable(key, state);
        if (isNumber(plain)) {
            for (Object same : new Object[] {asLong(plain), asDouble(plain), asBoolean(plain)}) {
                if (same != null && map.replace(same, value) != null) {
                    return;
                }
            }
        }
        map.put(plain, value);
    }

    private static boolean isNumber(Object key) {
        return key instanceof Number || key instanceof Boolean;
    }

    private static Object asLong(Object key) {
        if (key instanceof Boolean truth) {
            return truth ? 1L : 0L;
        }
        return key instanceof Double number && number == Math.rint(number) && Math.abs(number) < 1L << 53
                ? (Object) number.longValue()
                : key;
    }

    private static Object asDouble(Object key) {
        return asLong(key) instanceof Long number ? (Object) number.doubleValue() : null;
    }

    private static Object asBoolean(Object key) {
        return asLong(key) instanceof Long number && (number == 0 || number == 1) ? (Object) (number == 1) : null;
    }

    /** The key as it is stored; fails for lists and dicts. */
    static Object hashable(Object key, RenderState state) {
        if (key instanceof Markup markup) {
            return markup.text();
        }
        check(key, state, 0);
        return key;
    }

    /** Walks through tuples, so that the steps are counted before a map hashes them. */
    private static void check(Object key, RenderState state, int depth) {
        if (key instanceof Tuple tuple) {
            state.nested(depth);
            for (Object item : tuple) {
                check(item, state, depth + 1);
            }
        } else if ((key instanceof List && !(key instanceof Range)) || key instanceof Map) {
            throw TemplateException.type("unhashable type: '%s'", Values.typeName(key));
        } else if (key instanceof String || key instanceof BigInteger) {
            state.steps(1);
        }
    }
}
