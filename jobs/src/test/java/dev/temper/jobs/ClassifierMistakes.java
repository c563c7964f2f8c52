package dev.temper.jobs;

import static dev.temper.jobs.Damage.data;
import static dev.temper.jobs.Mistake.with;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** What {@link BadInputTest} tries with classifiers, and with what decides which model is the best. */
final class ClassifierMistakes {
    private ClassifierMistakes() {}

    static Stream<Mistake> classifiers() {
        return Stream.of(
                with(
                        "one class in the recipe",
                        "model.labels must name at least two classes, got [yes]",
                        classifier("model.labels=[\"yes\"]")),
                with(
                        "classes that differ in case alone",
                        "model.labels names a class twice, or two that differ in case alone: [yes, Yes]",
                        classifier("model.labels=[\"yes\", \"Yes\"]")),
                with(
                        "a class with spaces around it",
                        "model.labels: ' yes' is blank or has spaces around it, which the data's labels never have",
                        classifier("model.labels=[\"no\", \" yes\"]")),
                with(
                        "weights of other classes",
                        "training.class_weights has 3 values, model.labels names 2 classes: write one for each",
                        classifier("training.class_weights=[1, 2, 3]")),
                with(
                        "weights that are no numbers",
                        "training.class_weights must be positive numbers, got -1",
                        classifier("training.class_weights=[1, -1]")),
                with(
                        "weights without classes",
                        "training.class_weights are for model.task: sequence_classification; leave them out",
                        "training.class_weights=balanced"),
                with(
                        "packed texts",
                        "data.packing means nothing with model.task: sequence_classification; leave it out",
                        classifier("data.packing=bfd")),
                with(
                        "answers of a classifier",
                        "generation.prompts changes nothing with model.task: sequence_classification; leave it out",
                        classifier("generation.prompts=[Good]")),
                new Mistake(
                        "one class in the rows",
                        data("text,label\ngood,yes\nfine,yes\n"),
                        "data: all 2 rows to train on are of the class yes; a classifier needs rows of two classes or"
                                + " more",
                        classifier()),
                new Mistake(
                        "a class that is none",
                        data("text,label\ngood,yes\nbad,maybe\n"),
                        "data: 1 of 2 rows are rejected",
                        classifier()));
    }

    static Stream<Mistake> bestModels() {
        return Stream.of(
                with(
                        "unknown metric",
                        "training.metric_for_best_model: f1 is not measured; name one of loss, perplexity",
                        "training.metric_for_best_model=f1"),
                with(
                        "unknown metric of a classifier",
                        "training.metric_for_best_model: eval/perplexity is not measured; name one of loss, accuracy,",
                        classifier("training.metric_for_best_model=eval/perplexity")),
                with(
                        "best model that is not saved",
                        "training.load_best_model_at_end: true needs the same eval_strategy and save_strategy, steps or"
                                + " epoch, got epoch and no",
                        "training.load_best_model_at_end=true",
                        "training.save_strategy=no"),
                with(
                        "best model that is saved too rarely",
                        "training.load_best_model_at_end: true needs save_steps that are a multiple of eval_steps, got"
                                + " 3 and 2",
                        "training={load_best_model_at_end: true, eval_strategy: steps, eval_steps: 2, save_strategy:"
                                + " steps, save_steps: 3}"),
                with(
                        "patience without rows",
                        "training.load_best_model_at_end and early_stopping_patience need rows to evaluate on: set"
                                + " data.eval or data.eval_fraction",
                        "training.early_stopping_patience=2"),
                with(
                        "patience without evaluations",
                        "training.early_stopping_patience needs training.eval_strategy steps or epoch, got no",
                        "training.early_stopping_patience=2",
                        "training.eval_strategy=no"),
                with(
                        "groups in the order of the data",
                        "training.group_by_length brings the rows into an order of its own; leave out training.shuffle:"
                                + " false",
                        "training.group_by_length=true",
                        "training.shuffle=false"));
    }

    private static String[] classifier(String... more) {
        List<String> overrides = new ArrayList<>(List.of(
                "model.task=sequence_classification", "model.labels=[no, \"yes\"]", "data.format=classification"));
        overrides.addAll(Arrays.asList(more));
        return overrides.toArray(String[]::new);
    }
}
