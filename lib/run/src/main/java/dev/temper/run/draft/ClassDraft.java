package dev.temper.run.draft;

import static dev.temper.check.Check.check;

import dev.temper.model.ModelTask;
import dev.temper.model.Task;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A classifier.
 *
 * @param labels names of the classes, with how many rows each has
 */
record ClassDraft(FormatChoice format, Map<String, Long> labels) implements TaskDraft {
    /** With the classes as the user names them, as the base does, or by the values. */
    static ClassDraft of(RecipeRequest request, Folder base, ColumnSurvey survey, FormatChoice format)
            throws IOException {
        String column = format.columns().getOrDefault("label", List.of("label")).get(0);
        Map<String, Long> found = new LinkedHashMap<>();
        survey.find(column)
                .map(ColumnSurvey.Column::values)
                .orElse(Map.of())
                .forEach((value, rows) ->
                        found.merge(value.strip().replaceFirst("(?<=\\d)\\.0+$", ""), rows, Long::sum));
        check(
                found.size() > 1 || !request.labels().isEmpty(),
                "data: %s holds %s: name the classes with --labels, or the column with"
                        + " --columns '{text: …, label: …}'",
                column,
                found.isEmpty() ? "too many values for classes, or none" : "one value only, " + found.keySet());
        List<String> values =
                found.keySet().stream().sorted(byNumberOrName(found)).toList();
        List<String> named = named(values, request.labels(), base);
        Map<String, Long> labels = new LinkedHashMap<>();
        for (int i = 0; i < named.size(); i++) {
            String number = String.valueOf(i);
            labels.put(named.get(i), found.getOrDefault(named.get(i), found.getOrDefault(number, 0L)));
        }
        return new ClassDraft(format, labels);
    }

    private static List<String> named(List<String> values, List<String> wanted, Folder base) throws IOException {
        if (!wanted.isEmpty()) {
            values.forEach(value -> checkLabel(value, wanted));
            return wanted;
        }
        ModelTask saved = ModelTask.of(base);
        boolean isCounted = !values.isEmpty()
                && values.stream().allMatch(ColumnSurvey::isNumber)
                && values.get(0).equals("0")
                && values.get(values.size() - 1).equals(String.valueOf(values.size() - 1));
        boolean isMeant = saved.kind() == Task.SEQUENCE_CLASSIFICATION
                && saved.numLabels() == values.size()
                && !saved.labels().get(0).equals("LABEL_0")
                && (isCounted || saved.labels().containsAll(values));
        return isMeant ? saved.labels() : values;
    }

    /** A number is a place in the list, from 0 on: 1 to 4 would silently be other classes. */
    private static void checkLabel(String value, List<String> wanted) {
        int count = wanted.size();
        boolean isPlace = value.matches("\\d{1,9}") && Integer.parseInt(value) < count;
        check(
                wanted.contains(value) || isPlace,
                "--labels: the data has the class %s, which is none of %s, nor a number from 0 to %d; without --labels"
                        + " the classes are called as in the data",
                value,
                wanted,
                count - 1);
    }

    private static Comparator<String> byNumberOrName(Map<String, Long> found) {
        boolean areNumbers = found.keySet().stream().allMatch(ColumnSurvey::isNumber);
        return areNumbers ? Comparator.comparing(Double::parseDouble) : Comparator.naturalOrder();
    }

    @Override
    public ModelTask task() {
        return ModelTask.classification(List.copyOf(labels.keySet()));
    }

    @Override
    public void model(RecipeText text) {
        boolean areNumbers = labels.keySet().stream().allMatch(ColumnSurvey::isNumber);
        text.key(
                "labels",
                List.copyOf(labels.keySet()),
                areNumbers
                        ? "as in the data; names are easier to read: put them here in this order, from 0 on"
                        : "as in the data, or the names of 0, 1, … there");
    }

    @Override
    public void data(RecipeText text) {}

    @Override
    public int largestBatch() {
        return 16;
    }

    @Override
    public double learningRate(long parameters) {
        return 5e-5;
    }

    @Override
    public void training(RecipeText text) {
        long most = labels.values().stream().mapToLong(n -> n).max().orElse(0);
        long least = labels.values().stream().mapToLong(n -> n).min().orElse(0);
        boolean isUneven = least > 0 && most > 3 * least;
        if (isUneven) {
            text.key("class_weights", "balanced", "classes have from %,d to %,d rows".formatted(least, most));
        }
        text.key("metric_for_best_model", isUneven ? "f1_macro" : "accuracy", "");
        text.key("load_best_model_at_end", true, "the model that is saved is that of the best epoch");
    }

    @Override
    public void generation(RecipeText text, RowLengths lengths) {}

    @Override
    public Optional<TaskDraft> with(Reasoned template) {
        return Optional.empty();
    }
}
