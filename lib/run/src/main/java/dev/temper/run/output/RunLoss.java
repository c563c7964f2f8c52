package dev.temper.run.output;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.track.Metric;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * The loss of a run, before and after. Of the evaluation rows it is that of the base and that of the model that is
 * kept; where there are none, it is that of the first and the last updates, and says so.
 *
 * @param metric which loss it is, {@code eval/loss} or {@code train/loss}
 * @param values of it, in the order of their steps
 * @param after the last value; empty when nothing was measured
 */
record RunLoss(String metric, List<Metric> values, OptionalDouble after) {
    private static final String EVAL = "eval/loss";
    private static final String TRAIN = "train/loss";

    /** @param kept the update after which the model was as it is kept */
    static RunLoss of(List<Metric> metrics, long kept) {
        List<Metric> evaluated = named(EVAL, metrics);
        if (evaluated.isEmpty()) {
            List<Metric> trained = named(TRAIN, metrics);
            return new RunLoss(TRAIN, trained, last(trained));
        }
        return new RunLoss(
                EVAL,
                evaluated,
                last(evaluated.stream().filter(loss -> loss.step() <= kept).toList()));
    }

    private static List<Metric> named(String name, List<Metric> metrics) {
        return metrics.stream().filter(metric -> metric.name().equals(name)).toList();
    }

    private static OptionalDouble last(List<Metric> values) {
        return values.isEmpty()
                ? OptionalDouble.empty()
                : OptionalDouble.of(values.get(values.size() - 1).value());
    }

    private boolean isMeasured() {
        return after.isPresent();
    }

    private double before() {
        return values.get(0).value();
    }

    void into(ObjectNode json) {
        if (isMeasured()) {
            json.put("metric", metric).put("before", before()).put("after", after.getAsDouble());
        }
    }

    /** A line for people. */
    Optional<String> text() {
        if (!isMeasured()) {
            return Optional.empty();
        }
        if (metric.equals(EVAL)) {
            return Optional.of(
                    format("%.4f before, %.4f after, of the evaluation rows", before(), after.getAsDouble()));
        }
        return Optional.of(format(
                "%.4f in %s, %.4f in %s, of training: there are no evaluation rows",
                before(), updates(0), after.getAsDouble(), updates(values.size() - 1)));
    }

    /** The updates that a value of {@code train/loss} is the mean of. */
    private String updates(int index) {
        long first = index == 0 ? 1 : values.get(index - 1).step() + 1;
        long last = values.get(index).step();
        return first == last ? format("update %,d", last) : format("updates %,d to %,d", first, last);
    }

    private static String format(String format, Object... arguments) {
        return String.format(Locale.ROOT, format, arguments);
    }
}
