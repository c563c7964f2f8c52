package dev.temper.track;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/** All metrics of a run in the order of their arrival, from any thread. */
public final class MetricsLog {
    private final List<Metric> metrics = new ArrayList<>();

    public synchronized void append(Metric metric) {
        metrics.add(metric);
    }

    /** A copy of what has arrived so far. */
    public synchronized List<Metric> metrics() {
        return List.copyOf(metrics);
    }

    /** The newest value of that name. */
    public synchronized OptionalDouble last(String name) {
        for (int i = metrics.size() - 1; i >= 0; i--) {
            if (metrics.get(i).name().equals(name)) {
                return OptionalDouble.of(metrics.get(i).value());
            }
        }
        return OptionalDouble.empty();
    }
}
