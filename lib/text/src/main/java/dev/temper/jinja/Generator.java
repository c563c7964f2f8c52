package dev.temper.jinja;

import java.util.Iterator;

/**
 * The result of a lazy filter: can be iterated once, and has no length or indexes.
 *
 * @param type Python's name for its type
 */
record Generator(String type, Iterator<Object> iterator) {
    Generator(Iterator<Object> iterator) {
        this("generator", iterator);
    }
}
