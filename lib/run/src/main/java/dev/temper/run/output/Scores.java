package dev.temper.run.output;

import dev.temper.track.Metric;
import dev.temper.track.TextTable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The scores among the metrics of a run: {@code eval/*}, shown without that. */
public record Scores(List<Metric> metrics) {
    private static final String EVAL = "eval/";

    /** What was measured after a number of updates, by name. */
    public Map<String, Double> at(long step) {
        Map<String, Double> scores = new LinkedHashMap<>();
        at(step, metrics).forEach(metric -> scores.put(name(metric), metric.value()));
        return scores;
    }

    /** The same as it was logged. */
    public List<Metric> logged(long step) {
        return at(step, metrics);
    }

    /** Whenever there was one. */
    List<Metric> ofAllEvaluations() {
        return metrics.stream().filter(metric -> metric.name().startsWith(EVAL)).toList();
    }

    /** Of the last evaluation so far, by name. */
    Map<String, Double> newest() {
        return at(ofAllEvaluations().stream().mapToLong(Metric::step).max().orElse(0));
    }

    private static List<Metric> at(long step, List<Metric> metrics) {
        return metrics.stream()
                .filter(metric -> metric.step() == step && metric.name().startsWith(EVAL))
                .toList();
    }

    static String name(Metric metric) {
        return metric.name().substring(EVAL.length());
    }

    /** Before and after training. */
    TextTable table(long before, long after) {
        Map<String, Double> first = at(before);
        TextTable table = new TextTable(40, "score", "before", "after");
        at(after).forEach((name, value) -> table.add(name, shown(first.get(name)), shown(value)));
        return table;
    }

    public static TextTable table(Map<String, Double> scores) {
        TextTable table = new TextTable(40, "score", "value");
        scores.forEach((name, value) -> table.add(name, shown(value)));
        return table;
    }

    private static String shown(Double value) {
        return value == null ? "" : String.format(Locale.ROOT, "%.4f", value);
    }
}
