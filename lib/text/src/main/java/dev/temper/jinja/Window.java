package dev.temper.jinja;

/**
 * The part of a string that {@code find(sub, start, end)} and its like look at.
 *
 * @param text the part, null when the start lies behind the end of the whole
 * @param offset code points before it
 */
record Window(String text, int offset) {
    /** Bounds are the second and third argument, null or {@link None} when absent. */
    static Window of(String whole, Object[] arguments) {
        if (arguments[1] == null && arguments[2] == null) {
            return new Window(whole, 0);
        }
        int length = Text.length(whole);
        long start = bound(arguments[1], length, 0);
        long end = Math.min(length, bound(arguments[2], length, length));
        if (start > end) {
            return new Window(null, 0);
        }
        return new Window(whole.substring(Text.unit(whole, (int) start), Text.unit(whole, (int) end)), (int) start);
    }

    private static long bound(Object value, int length, int absent) {
        if (value == null || value == None.NONE) {
            return absent;
        }
        long bound = Values.requireSize(value);
        return bound < 0 ? Math.max(0, bound + length) : bound;
    }

    long find(String part) {
        return text == null ? -1 : index(Text.find(text, part, 0));
    }

    long findLast(String part) {
        return text == null ? -1 : index(Text.findLast(text, part, text.length()));
    }

    private long index(int unit) {
        return unit < 0 ? -1 : offset + text.codePointCount(0, unit);
    }

    long count(String part) {
        return text == null ? 0 : Text.count(text, part);
    }

    /** Whether it starts (or ends) with a string, or with one of a tuple of strings. */
    boolean hasFix(Object fix, boolean isStart) {
        if (fix instanceof Tuple tuple) {
            return tuple.stream().anyMatch(one -> hasFix(one, isStart));
        }
        String part = Values.requireText(fix);
        return text != null && (isStart ? text.startsWith(part) : text.endsWith(part));
    }
}
