package dev.temper.train.objective;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.Printable;
import dev.temper.track.TextTable;
import dev.temper.train.config.TrainingConfig;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;

/** How many prepared rows each class has. */
final class ClassSurvey implements LabelSurvey {
    private static final int CELL = 60;

    private final List<String> labels;
    private final long[] trained;
    private final long[] evaluated;
    private final long[] cut; // of both

    ClassSurvey(List<String> labels) {
        this.labels = labels;
        this.trained = new long[labels.size()];
        this.evaluated = new long[labels.size()];
        this.cut = new long[labels.size()];
    }

    @Override
    public void addTrained(int[] label, int lost) {
        trained[label[0]]++;
        cut[label[0]] += lost > 0 ? 1 : 0;
    }

    @Override
    public void addEvaluated(int[] label, int lost) {
        evaluated[label[0]]++;
        cut[label[0]] += lost > 0 ? 1 : 0;
    }

    @Override
    public void verify(TrainingConfig training) {
        int[] found = those(trained, true);
        if (found.length == 1) {
            throw invalid(
                    "data: all %d rows to train on are of the class %s; a classifier needs rows of two classes or more",
                    trained[found[0]], labels.get(found[0]));
        }
        if (training.choosesBest()) {
            verifyMeasured(training.bestMetric());
        }
    }

    /**
     * Some scores are undefined without rows of every class: such a one is never better, and would end training early.
     *
     * @param metric what decides which model is the best, with {@code eval/}
     */
    private void verifyMeasured(String metric) {
        int[] found = those(evaluated, true);
        check(
                found.length == 0
                        || ClassifiedRows.scoreNames(labels, found).contains(metric.replaceFirst("^eval/", "")),
                "training.metric_for_best_model: %s is undefined, because no row to evaluate on is of the class %s;"
                        + " name another metric, or other rows",
                metric,
                names(those(evaluated, false)));
    }

    /** Tells of classes that no row teaches. */
    @Override
    public Optional<String> note() {
        int[] missing = those(trained, false);
        return missing.length == 0
                ? Optional.empty()
                : Optional.of("no row to train on is of the class " + names(missing)
                        + ": the model will hardly ever predict it");
    }

    private int[] those(long[] counts, boolean haveRows) {
        return IntStream.range(0, counts.length)
                .filter(label -> (counts[label] > 0) == haveRows)
                .toArray();
    }

    private String names(int[] numbers) {
        return String.join(", ", Arrays.stream(numbers).mapToObj(labels::get).toList());
    }

    @Override
    public TextTable table() {
        TextTable table = new TextTable(CELL, "class", "train", "share", "eval", "share", "cut");
        for (int i = 0; i < labels.size(); i++) {
            table.add(
                    Printable.masked(labels.get(i)),
                    number(trained[i]),
                    share(i, trained),
                    number(evaluated[i]),
                    share(i, evaluated),
                    number(cut[i]));
        }
        return table;
    }

    @Override
    public void into(ObjectNode json) {
        ObjectNode classes = json.putObject("classes");
        for (int i = 0; i < labels.size(); i++) {
            classes.putObject(labels.get(i))
                    .put("train", trained[i])
                    .put("eval", evaluated[i])
                    .put("cut", cut[i]);
        }
    }

    private static String number(long count) {
        return String.format(Locale.ROOT, "%,d", count);
    }

    private static String share(int label, long[] counts) {
        long all = Arrays.stream(counts).sum();
        return all == 0 ? "" : String.format(Locale.ROOT, "%.1f %%", 100.0 * counts[label] / all);
    }
}
