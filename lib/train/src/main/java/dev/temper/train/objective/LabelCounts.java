package dev.temper.train.objective;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.Printable;
import dev.temper.text.LabelSet;
import dev.temper.track.TextTable;
import dev.temper.train.config.TrainingConfig;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** How many prepared rows have each of several labels. */
final class LabelCounts implements LabelSurvey {
    private static final int CELL = 60;

    private final List<String> labels;
    private final long[] trained;
    private final long[] evaluated;
    private long trainedRows;
    private long evaluatedRows;

    LabelCounts(List<String> labels) {
        this.labels = labels;
        this.trained = new long[labels.size()];
        this.evaluated = new long[labels.size()];
    }

    @Override
    public void addTrained(int[] label, int cut) {
        trainedRows++;
        add(label, trained);
    }

    @Override
    public void addEvaluated(int[] label, int cut) {
        evaluatedRows++;
        add(label, evaluated);
    }

    private static void add(int[] label, long[] counts) {
        for (int i = 0; i < counts.length; i++) {
            counts[i] += LabelSet.has(label, i) ? 1 : 0;
        }
    }

    @Override
    public void verify(TrainingConfig training) {}

    @Override
    public Optional<String> note() {
        String missing = IntStream.range(0, labels.size())
                .filter(i -> trained[i] == 0)
                .mapToObj(labels::get)
                .collect(Collectors.joining(", "));
        return missing.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        "no row to train on has the label " + missing + ": the model will hardly ever predict it");
    }

    @Override
    public TextTable table() {
        TextTable table = new TextTable(CELL, "label", "train", "share", "eval", "share");
        for (int i = 0; i < labels.size(); i++) {
            table.add(
                    Printable.masked(labels.get(i)),
                    number(trained[i]),
                    share(trained[i], trainedRows),
                    number(evaluated[i]),
                    share(evaluated[i], evaluatedRows));
        }
        return table;
    }

    private static String number(long count) {
        return String.format(Locale.ROOT, "%,d", count);
    }

    private static String share(long count, long rows) {
        return rows == 0 ? "" : String.format(Locale.ROOT, "%.1f %%", 100.0 * count / rows);
    }

    @Override
    public void into(ObjectNode json) {
        ObjectNode counts = json.putObject("labels");
        for (int i = 0; i < labels.size(); i++) {
            counts.putObject(labels.get(i)).put("train", trained[i]).put("eval", evaluated[i]);
        }
    }
}
