package dev.temper.jinja;

import java.util.AbstractList;
import java.util.List;
import java.util.RandomAccess;

/** Python's {@code tuple}: a list of another type, whose items may have names. */
final class Tuple extends AbstractList<Object> implements RandomAccess, Access.Attributed {
    private final Object[] items;
    private final List<String> names;

    Tuple(Object... items) {
        this(List.of(), items);
    }

    private Tuple(List<String> names, Object[] items) {
        this.names = names;
        this.items = items;
    }

    static Tuple named(List<String> names, Object... items) {
        return new Tuple(names, items);
    }

    Tuple(List<?> items) {
        this(items.toArray());
    }

    @Override
    public Object get(int index) {
        return items[index];
    }

    @Override
    public Object attribute(String name) {
        int index = names.indexOf(name);
        return index < 0 ? null : items[index];
    }

    @Override
    public int size() {
        return items.length;
    }
}
