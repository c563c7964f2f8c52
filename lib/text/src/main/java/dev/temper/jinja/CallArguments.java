package dev.temper.jinja;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The arguments of a call as the template writes them.
 *
 * @param list after {@code *}, null when absent
 * @param map after {@code **}, null when absent
 */
record CallArguments(List<Expression> positional, Map<String, Expression> named, Expression list, Expression map) {
    static final CallArguments NONE = new CallArguments(List.of(), Map.of(), null, null);

    Arguments evaluate(Frame frame) {
        if (positional.isEmpty() && named.isEmpty() && list == null && map == null) {
            return Arguments.NONE;
        }
        Object[] values = new Object[positional.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = positional.get(i).evaluate(frame);
        }
        if (named.isEmpty() && list == null && map == null) {
            return Arguments.of(values);
        }
        return rare(frame, values);
    }

    private Arguments rare(Frame frame, Object[] values) {
        Map<String, Object> byName = new LinkedHashMap<>();
        named.forEach((name, value) -> byName.put(name, value.evaluate(frame)));
        Object[] all = values;
        if (list != null) {
            List<Object> more = Values.items(list.evaluate(frame), frame.state);
            frame.state.elements(more.size());
            all = java.util.Arrays.copyOf(values, values.length + more.size());
            for (int i = 0; i < more.size(); i++) {
                all[values.length + i] = more.get(i);
            }
        }
        if (map != null) {
            addAll(byName, map.evaluate(frame), frame.state);
        }
        return new Arguments(all, byName);
    }

    private static void addAll(Map<String, Object> byName, Object value, RenderState state) {
        if (!(value instanceof Map<?, ?> more)) {
            throw TemplateException.type("argument after ** must be a mapping, not %s", Values.typeName(value));
        }
        state.elements(more.size());
        more.forEach((key, item) -> {
            if (!(key instanceof String name)) {
                throw TemplateException.type("keywords must be strings");
            }
            if (byName.put(name, item) != null) {
                throw TemplateException.type("got multiple values for keyword argument '%s'", name);
            }
        });
    }

    boolean isConstant() {
        return list == null
                && map == null
                && named.values().stream().allMatch(Expression.Constant.class::isInstance)
                && positional.stream().allMatch(Expression.Constant.class::isInstance);
    }
}
