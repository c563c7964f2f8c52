package dev.temper.jinja;

import java.util.Arrays;
import java.util.Map;

/** Arguments of one call. */
record Arguments(Object[] positional, Map<String, Object> named) {
    static final Arguments NONE = of();

    static Arguments of(Object... positional) {
        return new Arguments(positional, Map.of());
    }

    /** Without the first {@code count} positional ones. */
    Arguments after(int count) {
        return new Arguments(Arrays.copyOfRange(positional, count, positional.length), named);
    }
}
