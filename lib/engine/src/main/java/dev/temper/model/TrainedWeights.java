package dev.temper.model;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * What of a model gets gradients, before there is a model.
 *
 * @param whole parameters of the base that are trained themselves
 * @param ranks projections with a low-rank update beside them
 * @param dropsInputs the updates drop elements of their inputs
 * @param hasMagnitude the updates have a trained magnitude, as in DoRA
 * @param inRows embeddings and output heads of which some rows are trained
 * @param replaced parameters that stay frozen, with values that an adapter brings
 */
public record TrainedWeights(
        Predicate<Parameter> whole,
        Map<Parameter, Integer> ranks,
        boolean dropsInputs,
        boolean hasMagnitude,
        List<Parameter> inRows,
        List<Parameter> replaced) {
    public TrainedWeights {
        ranks = Map.copyOf(ranks);
        inRows = List.copyOf(inRows);
        replaced = List.copyOf(replaced);
    }

    /** Full fine-tuning. */
    public static TrainedWeights all() {
        return whole(parameter -> true);
    }

    /** These parameters, and nothing beside them. */
    static TrainedWeights whole(Predicate<Parameter> parameters) {
        return new TrainedWeights(parameters, Map.of(), false, false, List.of(), List.of());
    }

    boolean isTrained(Parameter parameter) {
        return whole.test(parameter);
    }

    Optional<Integer> rank(Parameter parameter) {
        return Optional.ofNullable(ranks.get(parameter));
    }

    /** Whether anything of a layer is trained. */
    boolean isIn(Architecture architecture, int layer) {
        return architecture.parameters().stream()
                .filter(parameter -> parameter.layer() == layer)
                .anyMatch(parameter -> isTrained(parameter) || ranks.containsKey(parameter));
    }
}
