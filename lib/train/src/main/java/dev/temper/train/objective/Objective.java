package dev.temper.train.objective;

import dev.temper.model.Task;
import dev.temper.report.EvaluationReport;
import dev.temper.report.Usage;
import dev.temper.text.DataConfig;
import dev.temper.text.Format;
import dev.temper.train.config.TrainingConfig;
import dev.temper.train.rows.MappedRows;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * All that differs between one {@link Task} and another, above the engine: which data it learns from, what a pass
 * computes, what is measured, and what tables, report and model card say. One implementation for each, made for the
 * labels of a model; {@link Objectives} has them all, and nothing else asks which one it is.
 */
public interface Objective {
    Task task();

    /** The formats of data that it learns from. */
    Set<Format> formats();

    /**
     * What a recipe of this task must not say.
     *
     * @throws dev.temper.check.InvalidInputException in one sentence
     */
    void verify(DataConfig data, TrainingConfig training);

    /** Whether the model writes text, so that prompts are answered while it is trained. */
    default boolean writesText() {
        return false;
    }

    /** The rows as they are learned. */
    TrainingRows rows(MappedRows train, MappedRows eval, DataConfig data, TrainingConfig training);

    /** Names of what {@link TrainingRows#evaluate} measures when the rows define all of it, without {@code eval/}. */
    List<String> scoreNames();

    /** The scores whose curves are drawn beside those of the losses; those that are not measured are left out. */
    default List<String> curves() {
        return List.of();
    }

    /** Whether people see all scores at the end of a run, and not the loss alone. */
    default boolean listsScores() {
        return true;
    }

    /** Counts the labels of prepared rows; empty where rows have none. */
    Optional<LabelSurvey> survey();

    /**
     * Tables, pictures and scores of an evaluation; empty where there is nothing but the scores.
     *
     * @param predictions in the order of the rows; empty when some were not finite
     */
    Optional<EvaluationReport> report(List<Evaluation.Prediction> predictions);

    /** What report and model card say of it, right below the task: names and values. */
    default Map<String, String> facts() {
        return Map.of();
    }

    /** How such a model is asked. */
    Usage.Example example(Optional<Conversation> conversation);

    /**
     * The model answers conversations.
     *
     * @param system the message in front of them, where there is one
     */
    record Conversation(Optional<String> system) {}
}
