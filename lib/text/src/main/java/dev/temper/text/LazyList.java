package dev.temper.text;

import java.util.AbstractList;
import java.util.List;
import java.util.RandomAccess;
import java.util.function.IntFunction;

/** A list whose elements are made each time they are asked for: of millions of rows only the few in use are held. */
public final class LazyList<T> extends AbstractList<T> implements RandomAccess {
    private final int size;
    private final IntFunction<T> elements;

    private LazyList(int size, IntFunction<T> elements) {
        this.size = size;
        this.elements = elements;
    }

    /** @param elements by index; each index always gives an equal element */
    public static <T> List<T> of(int size, IntFunction<T> elements) {
        return new LazyList<>(size, elements);
    }

    @Override
    public T get(int index) {
        if (index < 0 || index >= size) {
            throw new IndexOutOfBoundsException(index);
        }
        return elements.apply(index);
    }

    @Override
    public int size() {
        return size;
    }
}
