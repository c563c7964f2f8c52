package dev.temper.jinja;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A macro, or the body of a call block, together with the frame in which it was defined. */
record Macro(Definition definition, Frame outer) implements Callable, Access.Attributed {
    /**
     * What the template says.
     *
     * @param parameters names, for messages and keywords
     * @param slots where they live in the frame
     * @param defaults of the last parameters
     * @param special slots of {@code caller}, {@code varargs} and {@code kwargs}, negative when the body reads none
     */
    record Definition(
            String name,
            List<String> parameters,
            int[] slots,
            List<Expression> defaults,
            int[] special,
            Scope scope,
            Statement body) {}

    @Override
    public Object call(RenderState state, Arguments arguments) {
        Frame frame = new Frame(definition.scope().frameSize(), outer, state);
        bind(state, frame, arguments);
        StringBuilder out = new StringBuilder();
        state.enter();
        definition.body().execute(frame, out);
        state.leave();
        return out.toString();
    }

    private void bind(RenderState state, Frame frame, Arguments arguments) {
        Map<String, Object> named = new LinkedHashMap<>(arguments.named());
        Object[] given = arguments.positional();
        int count = definition.parameters().size();
        int firstDefault = count - definition.defaults().size();
        for (int i = 0; i < count; i++) {
            Object value = i < given.length
                    ? given[i]
                    : named.remove(definition.parameters().get(i));
            if (value == null) {
                value = i >= firstDefault
                        ? definition.defaults().get(i - firstDefault).evaluate(frame)
                        : new Undefined("parameter '" + definition.parameters().get(i) + "' was not provided");
            }
            frame.slots[definition.slots()[i]] = value;
        }
        bindSpecial(state, frame, given, named);
    }

    private void bindSpecial(RenderState state, Frame frame, Object[] given, Map<String, Object> named) {
        int[] special = definition.special();
        if (special[0] >= 0) {
            Object caller = named.remove("caller");
            frame.slots[special[0]] = caller == null ? new Undefined("No caller defined") : caller;
        }
        int count = definition.parameters().size();
        if (special[1] >= 0) {
            int extra = Math.max(0, given.length - count);
            frame.slots[special[1]] =
                    new Tuple(java.util.Arrays.copyOfRange(given, given.length - extra, given.length));
        } else if (given.length > count) {
            throw TemplateException.type("macro '%s' takes not more than %d argument(s)", definition.name(), count);
        }
        if (special[2] >= 0) {
            state.elements(named.size());
            frame.slots[special[2]] = new LinkedHashMap<Object, Object>(named);
        } else if (!named.isEmpty()) {
            throw TemplateException.type(
                    "macro '%s' takes no keyword argument '%s'",
                    definition.name(), named.keySet().iterator().next());
        }
    }

    @Override
    public Object attribute(String attribute) {
        return switch (attribute) {
            case "name" -> definition.name();
            case "arguments" -> new Tuple(definition.parameters());
            case "caller" -> definition.special()[0] >= 0;
            case "catch_varargs" -> definition.special()[1] >= 0;
            case "catch_kwargs" -> definition.special()[2] >= 0;
            default -> null;
        };
    }
}
