package dev.temper.train.objective;

import static dev.temper.check.Check.check;

import dev.temper.model.Task;
import dev.temper.text.DataConfig;
import dev.temper.text.Format;
import dev.temper.train.config.TrainingConfig;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The objective of each task: the one place that lists them. */
public final class Objectives {
    private static final Map<Task, Function<List<String>, Objective>> ALL = new EnumMap<>(Map.of(
            Task.CAUSAL_LM, NextToken::new,
            Task.SEQUENCE_CLASSIFICATION, Classification::new,
            Task.REGRESSION, Regression::new,
            Task.MULTI_LABEL_CLASSIFICATION, MultiLabel::new));

    private Objectives() {}

    /** What can be trained. */
    public static Set<Task> tasks() {
        return ALL.keySet();
    }

    /** Empty where models of the task are read, but not trained. */
    public static Optional<Objective> find(Task task, List<String> labels) {
        return Optional.ofNullable(ALL.get(task)).map(objective -> objective.apply(labels));
    }

    /**
     * @param labels {@code model.labels}
     * @throws dev.temper.check.InvalidInputException when it cannot be trained
     */
    public static Objective of(Task task, List<String> labels) {
        Optional<Objective> objective = find(task, labels);
        check(
                objective.isPresent(),
                "model.task: %s cannot be trained yet; it must be one of %s",
                task.label(),
                tasks().stream().map(Task::label).collect(Collectors.joining(", ")));
        return objective.orElseThrow();
    }

    /**
     * Looks at what a recipe says beside its task.
     *
     * @throws dev.temper.check.InvalidInputException when it does not belong together
     */
    public static Objective checked(Task task, List<String> labels, DataConfig data, TrainingConfig training) {
        Objective objective = of(task, labels);
        boolean fits = objective.formats().contains(data.format());
        check(
                fits || task.isCausal(),
                "model.task: %s needs data.format: %s",
                task.label(),
                objective.formats().stream().map(Format::label).collect(Collectors.joining(" or ")));
        check(
                fits,
                "data.format: %s needs model.task: %s",
                data.format().label(),
                tasks().stream()
                        .filter(other -> of(other, labels).formats().contains(data.format()))
                        .map(Task::label)
                        .collect(Collectors.joining(" or ")));
        objective.verify(data, training);
        return objective;
    }
}
