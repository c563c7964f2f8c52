package dev.temper.jinja;

import java.util.AbstractList;
import java.util.RandomAccess;

/** Python's {@code range}, at most as long as the sandbox allows. */
final class Range extends AbstractList<Object> implements RandomAccess {
    private static final int MAX_LENGTH = 100_000;

    private final long start;
    private final long stop;
    private final long step;
    private final int size;

    Range(long start, long stop, long step) {
        if (step == 0) {
            throw TemplateException.type("range() arg 3 must not be zero");
        }
        this.start = start;
        this.stop = stop;
        this.step = step;
        double distance = step > 0 ? (double) stop - start : (double) start - stop;
        double length = distance <= 0 ? 0 : Math.ceil(distance / Math.abs((double) step));
        if (length > MAX_LENGTH) {
            throw TemplateException.limit("a range of " + MAX_LENGTH + " numbers");
        }
        this.size = (int) length;
    }

    /** Every {@code stride}-th number from one index up to another. */
    Range slice(int from, int to, int stride) {
        return new Range(start + from * step, start + to * step, step * stride);
    }

    @Override
    public Long get(int index) {
        return start + index * step;
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public String toString() {
        return "range(" + start + ", " + stop + (step == 1 ? "" : ", " + step) + ")";
    }
}
