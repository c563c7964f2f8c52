package dev.temper.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Methods of {@code dict}, {@code list}, {@code tuple} and {@code float} that change nothing. */
final class ContainerMethods {
    static final Map<String, Method> DICT = Map.of(
            "get", method("get", "/key default?", ContainerMethods::get),
            "items", view("items", DictView.Kind.ITEMS),
            "keys", view("keys", DictView.Kind.KEYS),
            "values", view("values", DictView.Kind.VALUES),
            "copy", method("copy", "/", (state, self, arguments) -> copy(state, (Map<?, ?>) self)),
            "fromkeys", method("fromkeys", "/keys value?", ContainerMethods::fromKeys));

    static final Map<String, Method> LIST = Map.of(
            "index", method("index", "/value start? stop?", ContainerMethods::index),
            "count", method("count", "/value", ContainerMethods::count),
            "copy", method("copy", "/", (state, self, arguments) -> self));

    static final Map<String, Method> FLOAT = Map.of(
            "is_integer",
            method("is_integer", "/", (state, self, arguments) -> (Double) self == Math.rint((Double) self)));

    private ContainerMethods() {}

    private static Method method(String name, String parameters, Method.Body body) {
        return new Method(name, Signature.of(parameters), body);
    }

    private static Method view(String name, DictView.Kind kind) {
        return method(name, "/", (state, self, arguments) -> new DictView(kind, (Map<?, ?>) self));
    }

    private static Object get(RenderState state, Object self, Object[] arguments) {
        Object value = Keys.find((Map<?, ?>) self, arguments[0], state);
        if (value != null) {
            return value;
        }
        return arguments[1] == null ? None.NONE : arguments[1];
    }

    static Map<Object, Object> copy(RenderState state, Map<?, ?> map) {
        state.elements(map.size() * 2L);
        return new LinkedHashMap<>(map);
    }

    private static Object fromKeys(RenderState state, Object self, Object[] arguments) {
        Map<Object, Object> map = new LinkedHashMap<>();
        for (Object key : Values.items(arguments[0], state)) {
            state.elements(2);
            Keys.put(map, key, arguments[1] == null ? None.NONE : arguments[1], state);
        }
        return map;
    }

    private static Object index(RenderState state, Object self, Object[] arguments) {
        List<?> list = (List<?>) self;
        int from = (int) Math.min(list.size(), bound(arguments[1], list.size(), 0));
        long to = Math.min(list.size(), bound(arguments[2], list.size(), list.size()));
        for (int i = from; i < to; i++) {
            state.steps(1);
            if (Comparison.equal(list.get(i), arguments[0], state)) {
                return (long) i;
            }
        }
        throw TemplateException.type("the value is not in the %s", Values.typeName(self));
    }

    private static long bound(Object index, int length, int absent) {
        if (index == null) {
            return absent;
        }
        long bound = Values.requireSize(index);
        return bound < 0 ? Math.max(0, bound + length) : bound;
    }

    private static Object count(RenderState state, Object self, Object[] arguments) {
        long count = 0;
        for (Object item : new ArrayList<>((List<?>) self)) {
            state.elements(1);
            count += Comparison.equal(item, arguments[0], state) ? 1 : 0;
        }
        return count;
    }
}
