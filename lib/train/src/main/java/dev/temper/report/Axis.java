package dev.temper.report;

import java.util.DoubleSummaryStatistics;
import java.util.Locale;
import java.util.stream.DoubleStream;
import java.util.stream.LongStream;

/** An axis of a chart: a range of values and the round numbers at which it has ticks. */
record Axis(String name, double from, double to, double step) {
    private static final int TICKS = 7; // about so many

    static Axis ofRates(String name) {
        return new Axis(name, 0, 1, 0.2);
    }

    static Axis ofSteps(DoubleStream steps) {
        DoubleSummaryStatistics range = steps.summaryStatistics();
        double from = range.getCount() == 0 ? 0 : range.getMin();
        double to = range.getCount() == 0 ? 1 : range.getMax();
        double end = to > from ? to : from + 1;
        double begin = from <= 0.25 * end ? 0 : from; // the axis begins at 0 when the data begins near it
        return new Axis("step", begin, end, Math.max(1, round((end - begin) / TICKS)));
    }

    static Axis ofValues(DoubleStream values) {
        DoubleSummaryStatistics range = values.summaryStatistics();
        double from = range.getCount() == 0 ? 0 : range.getMin();
        double to = range.getCount() == 0 ? 1 : range.getMax();
        if (!(to - from > 1e-9 * Math.max(Math.abs(to), Math.abs(from)))) { // all values are equal
            double room = from == 0 ? 1 : Math.abs(from) / 2;
            from -= room;
            to += room;
        }
        double step = round((to - from) / TICKS);
        return new Axis("", Math.floor(from / step) * step, Math.ceil(to / step) * step, step);
    }

    /** The smallest of 1, 2 or 5 times a power of ten that is at least {@code step}. */
    private static double round(double step) {
        double power = Math.pow(10, Math.floor(Math.log10(step)));
        double lead = step / power;
        return power * (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10);
    }

    double[] ticks() {
        long first = (long) Math.ceil(from / step - 1e-6);
        long last = (long) Math.floor(to / step + 1e-6);
        return LongStream.rangeClosed(first, last).mapToDouble(i -> i * step).toArray();
    }

    String label(double tick) {
        double size = Math.max(Math.abs(from), Math.abs(to));
        if (size >= 1e7 || step < 1e-5) {
            return String.format(Locale.ROOT, "%.2g", tick);
        }
        int decimals = Math.max(0, (int) -Math.floor(Math.log10(step) + 1e-9));
        return String.format(Locale.ROOT, "%,." + decimals + "f", tick == 0 ? 0.0 : tick);
    }

    /** Position of {@code value} within the range, from 0 to 1. */
    double part(double value) {
        return (value - from) / (to - from);
    }
}
