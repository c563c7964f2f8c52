package dev.temper.jinja;

import java.util.Map;

/** {@code owner.name}. Methods of strings and lookups in dicts, the usual cases, have a fast path. */
final class AttributeReference implements Expression {
    private final Expression owner;
    private final String name;
    private final int position;
    private final Method stringMethod;
    private final boolean isOnlyKey;

    AttributeReference(Expression owner, String name, int position) {
        this.owner = owner;
        this.name = name;
        this.position = position;
        this.stringMethod = StringMethods.TABLE.get(name);
        this.isOnlyKey = Access.own(null, Map.of(), name) == null;
    }

    @Override
    public Object evaluate(Frame frame) {
        return attribute(frame, owner.evaluate(frame));
    }

    private Object attribute(Frame frame, Object value) {
        if (isOnlyKey && value instanceof Map<?, ?> map) {
            Object item = map.get(name);
            if (item != null) {
                return item;
            }
        }
        frame.state.at(position);
        return Access.attribute(frame.state, value, name);
    }

    Expression call(CallArguments arguments, int callPosition) {
        return frame -> {
            Object value = owner.evaluate(frame);
            boolean isMethod = value instanceof String && stringMethod != null;
            Object function = isMethod ? null : attribute(frame, value);
            Arguments values = arguments.evaluate(frame);
            frame.state.steps(1);
            frame.state.at(callPosition);
            return isMethod
                    ? stringMethod.call(frame.state, value, values)
                    : Callable.call(frame.state, function, values);
        };
    }
}
