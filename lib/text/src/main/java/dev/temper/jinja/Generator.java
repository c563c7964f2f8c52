package dev.temper.jinja;

import java.util.Iterator;

/**
 * The result of a lazy filter: can be walked through once, and has neither length nor indexes.
 *
 * @param type Python's name of it
 */
record Generator(String type, Iterator<Object> iterator) {
    Generator(Iterator<Object> iterator) {
        this("generator", iterator);
    }
}
