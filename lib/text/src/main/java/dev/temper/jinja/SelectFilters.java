package dev.temper.jinja;

import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.function.UnaryOperator;

/** {@code map}, {@code select} and their kin: lazy, as in Jinja2, so nothing fails before it is looked at. */
final class SelectFilters {
    private SelectFilters() {}

    /** Decides whether an item stays. */
    private interface Choice {
        boolean takes(Object item);
    }

    static void addTo(Map<String, Filter> table) {
        table.put("map", SelectFilters::map);
        table.put("select", (state, value, arguments) -> select(state, value, arguments, new Mode(false, true)));
        table.put("reject", (state, value, arguments) -> select(state, value, arguments, new Mode(false, false)));
        table.put("selectattr", (state, value, arguments) -> select(state, value, arguments, new Mode(true, true)));
        table.put("rejectattr", (state, value, arguments) -> select(state, value, arguments, new Mode(true, false)));
    }

    /** Whether an attribute is looked at instead of the item, and which outcome keeps it. */
    private record Mode(boolean hasAttribute, boolean keeps) {}

    private static Object map(RenderState state, Object value, Arguments arguments) {
        return new Generator(new Iterator<>() {
            private Iterator<Object> items;
            private UnaryOperator<Object> change;

            @Override
            public boolean hasNext() {
                if (items == null) {
                    items = Values.isTrue(value) ? Values.iterator(value, state) : Collections.emptyIterator();
                    change = Values.isTrue(value) ? change(state, arguments) : null;
                }
                return items.hasNext();
            }

            @Override
            public Object next() {
                state.steps(1);
                return change.apply(items.next());
            }
        });
    }

    private static UnaryOperator<Object> change(RenderState state, Arguments arguments) {
        Map<String, Object> named = new HashMap<>(arguments.named());
        if (arguments.positional().length == 0 && named.containsKey("attribute")) {
            AttributePath path = AttributePath.orElse(named.remove("attribute"), named.remove("default"));
            if (!named.isEmpty()) {
                throw TemplateException.type(
                        "unexpected keyword argument '%s'",
                        named.keySet().iterator().next());
            }
            return item -> path.of(state, item);
        }
        if (arguments.positional().length == 0) {
            throw TemplateException.type("map requires a filter argument");
        }
        Object name = arguments.positional()[0];
        Filter filter = Filters.TABLE.get(Values.text(name, state));
        if (filter == null) {
            throw TemplateException.type("no filter named '%s'", Values.text(name, state));
        }
        Arguments rest = arguments.after(1);
        return item -> filter.apply(state, item, rest);
    }

    private static Object select(RenderState state, Object value, Arguments arguments, Mode mode) {
        return new Generator(new Iterator<>() {
            private Iterator<Object> items;
            private Choice choice;
            private Object next;

            @Override
            public boolean hasNext() {
                if (items == null) {
                    items = Values.isTrue(value) ? Values.iterator(value, state) : Collections.emptyIterator();
                    choice = Values.isTrue(value) ? choice(state, arguments, mode) : null;
                }
                while (next == null && items.hasNext()) {
                    state.steps(1);
                    Object item = items.next();
                    next = choice.takes(item) ? item : null;
                }
                return next != null;
            }

            @Override
            public Object next() {
                Object item = hasNext() ? next : null;
                next = null;
                return item;
            }
        });
    }

    private static Choice choice(RenderState state, Arguments arguments, Mode mode) {
        Object[] given = arguments.positional();
        int first = mode.hasAttribute() ? 1 : 0;
        if (given.length < first) {
            throw TemplateException.type("missing parameter for attribute name");
        }
        AttributePath path = AttributePath.of(mode.hasAttribute() ? given[0] : null);
        if (given.length == first) {
            return item -> Values.isTrue(path.of(state, item)) == mode.keeps();
        }
        String name = Values.text(given[first], state);
        Predicate test = Predicates.TABLE.get(name);
        if (test == null) {
            throw TemplateException.type("no test named '%s'", name);
        }
        Arguments rest = arguments.after(first + 1);
        return item -> test.test(state, path.of(state, item), rest) == mode.keeps();
    }
}
