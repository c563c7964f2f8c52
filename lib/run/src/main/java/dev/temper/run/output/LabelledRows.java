package dev.temper.run.output;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import dev.temper.spark.preparing.PreparedData;
import dev.temper.spark.preparing.PreparedRow.Split;
import dev.temper.storage.Folder;
import dev.temper.train.config.TrainingConfig;
import dev.temper.train.objective.ClassifiedRows;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What the driver knows of a classifier's prepared rows.
 *
 * @param labels names of the classes
 * @param trained rows to train on of each class
 * @param evaluated where the rows to evaluate on come from, in their order
 */
public record LabelledRows(List<String> labels, List<Long> trained, List<Origin> evaluated) {
    /**
     * Where a row comes from.
     *
     * @param label its class, by index
     */
    record Origin(String rowId, String source, long rowNumber, int label) {}

    public static LabelledRows read(Folder prepared, List<String> labels) throws IOException {
        Long[] trained = new Long[labels.size()];
        Arrays.fill(trained, 0L);
        List<Origin> evaluated = new ArrayList<>();
        PreparedData.readOrigins(prepared, row -> {
            int label = row.label().orElseThrow();
            if (row.split() == Split.TRAIN) {
                trained[label]++;
            } else {
                evaluated.add(new Origin(row.rowId(), row.source(), row.rowNumber(), label));
            }
        });
        return new LabelledRows(labels, List.of(trained), evaluated);
    }

    /** @throws dev.temper.check.InvalidInputException when a run with these settings cannot learn from the rows */
    public void verify(TrainingConfig training) {
        verify();
        if (training.choosesBest()) {
            verifyMeasured(training.bestMetric());
        }
    }

    /** @throws dev.temper.check.InvalidInputException when all rows to train on are of one class */
    void verify() {
        List<String> found = labels(true);
        if (found.size() == 1) {
            throw invalid(
                    "data: all %d rows to train on are of the class %s; a classifier needs rows of two classes or more",
                    trained.stream().mapToLong(Long::longValue).sum(), found.get(0));
        }
    }

    /**
     * Some scores are undefined without rows of every class: such a one is never better, and would end training early.
     *
     * @param metric what decides which model is the best, with {@code eval/}
     * @throws dev.temper.check.InvalidInputException when the rows to evaluate on do not define it
     */
    void verifyMeasured(String metric) {
        int[] actual = evaluated.stream().mapToInt(Origin::label).toArray();
        List<String> missing = IntStream.range(0, labels.size())
                .filter(label -> Arrays.stream(actual).noneMatch(one -> one == label))
                .mapToObj(labels::get)
                .toList();
        check(
                actual.length == 0
                        || ClassifiedRows.scoreNames(labels, actual).contains(metric.replaceFirst("^eval/", "")),
                "training.metric_for_best_model: %s is undefined, because no row to evaluate on is of the class %s;"
                        + " name another metric, or other rows",
                metric,
                String.join(", ", missing));
    }

    /** Tells of classes that no row teaches. */
    public Optional<String> note() {
        List<String> missing = labels(false);
        return missing.isEmpty()
                ? Optional.empty()
                : Optional.of("no row to train on is of the class "
                        + missing.stream().collect(Collectors.joining(", "))
                        + ": the model will hardly ever predict it");
    }

    private List<String> labels(boolean areTrained) {
        return IntStream.range(0, labels.size())
                .filter(label -> (trained.get(label) > 0) == areTrained)
                .mapToObj(labels::get)
                .toList();
    }
}
