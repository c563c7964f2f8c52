package dev.temper.text;

import java.util.AbstractList;
import java.util.List;
import java.util.RandomAccess;
import java.util.function.IntFunction;

/** A list that computes its elements at each access, so that only those in use are in memory. */
public final class LazyList<T> extends AbstractList<T> implements RandomAccess {
    private final int size;
    private final IntFunction<T> elements;

    private LazyList(int size, IntFunction<T> elements) {
        this.size = size;
        this.elements = elements;
    }

    /** @param elements by index; must always give an equal element for an index */
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
