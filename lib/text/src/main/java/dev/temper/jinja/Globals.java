package dev.temper.jinja;

import dev.temper.jinja.TemplateException.Kind;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Functions that every template has. */
final class Globals {
    private static final Signature RANGE = Signature.of("/start stop? step?");
    private static final Signature MESSAGE = Signature.of("message");
    private static final Signature FORMAT = Signature.of("format");
    private static final Signature SEPARATOR = Signature.of("sep?");

    private static final Map<String, Callable> TABLE = Map.of(
            "range", Globals::range,
            "dict", Globals::dict,
            "namespace", Globals::namespace,
            "cycler", (state, arguments) -> new Cycler(arguments.positional()),
            "joiner", (state, arguments) -> new Joiner(Filters.orElse(SEPARATOR.bind("joiner", arguments)[0], ", ")),
            "raise_exception",
                    (state, arguments) -> {
                        Object message = MESSAGE.bind("raise_exception", arguments)[0];
                        throw new TemplateException(Kind.RAISED, Values.text(message, state));
                    },
            "strftime_now",
                    (state, arguments) -> {
                        Object format = FORMAT.bind("strftime_now", arguments)[0];
                        return Strftime.format(state, state.now(), Values.requireText(format));
                    });

    private Globals() {}

    /** Null when there is none. */
    static Callable find(String name) {
        return TABLE.get(name);
    }

    private static Object range(RenderState state, Arguments arguments) {
        Object[] bounds = RANGE.bind("range", arguments);
        long first = number(bounds[0]);
        return bounds[1] == null
                ? new Range(0, first, 1)
                : new Range(first, number(bounds[1]), bounds[2] == null ? 1 : number(bounds[2]));
    }

    private static long number(Object value) {
        return value instanceof Long number ? number : Values.requireSize(value);
    }

    private static Map<Object, Object> dict(RenderState state, Arguments arguments) {
        Map<Object, Object> map = new LinkedHashMap<>();
        if (arguments.positional().length > 1) {
            throw TemplateException.type("dict expected at most 1 argument, got %d", arguments.positional().length);
        }
        for (Object source : arguments.positional()) {
            addAll(state, map, source);
        }
        state.elements(arguments.named().size() * 2L);
        map.putAll(arguments.named());
        return map;
    }

    private static void addAll(RenderState state, Map<Object, Object> map, Object source) {
        if (source instanceof Map<?, ?> other) {
            map.putAll(ContainerMethods.copy(state, other));
            return;
        }
        for (Object pair : Values.items(source, state)) {
            List<Object> parts = Values.items(pair, state);
            if (parts.size() != 2) {
                throw TemplateException.type("a dict needs pairs, got %d values", parts.size());
            }
            state.elements(2);
            Keys.put(map, parts.get(0), parts.get(1), state);
        }
    }

    private static Object namespace(RenderState state, Arguments arguments) {
        Namespace namespace = new Namespace();
        dict(state, arguments).forEach((key, value) -> {
            if (key instanceof String name) {
                namespace.attributes().put(name, value);
            }
        });
        return namespace;
    }

    /** Gives its values again and again. */
    private static final class Cycler implements Access.Attributed {
        private final Object[] values;
        private int position = 0;

        Cycler(Object[] values) {
            if (values.length == 0) {
                throw TemplateException.type("at least one item has to be provided");
            }
            this.values = values;
        }

        @Override
        public Object attribute(String name) {
            return switch (name) {
                case "current" -> values[position];
                case "pos" -> (long) position;
                case "items" -> new Tuple(values);
                case "next" -> (Callable) (state, arguments) -> {
                    Object current = values[position];
                    position = (position + 1) % values.length;
                    return current;
                };
                case "reset" -> (Callable) (state, arguments) -> {
                    position = 0;
                    return None.NONE;
                };
                default -> null;
            };
        }
    }

    /** Gives nothing the first time, then its separator. */
    private static final class Joiner implements Callable {
        private final Object separator;
        private boolean isUsed = false;

        Joiner(Object separator) {
            this.separator = separator;
        }

        @Override
        public Object call(RenderState state, Arguments arguments) {
            Object result = isUsed ? separator : "";
            isUsed = true;
            return result;
        }
    }
}
