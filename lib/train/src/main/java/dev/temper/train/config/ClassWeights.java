package dev.temper.train.config;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import java.util.Arrays;
import java.util.List;

/**
 * Weights of the classes in a classifier's loss; {@code training.class_weights} in the recipe.
 *
 * @param isBalanced whether they are computed from the training rows, as scikit-learn's {@code balanced}
 * @param values one for each class; empty: every class has weight 1
 */
public record ClassWeights(boolean isBalanced, List<Double> values) {
    static final String BALANCED = "balanced";
    private static final String KEY = "training.class_weights";

    /** Parses the value of a recipe: a list of numbers, or {@code balanced}. */
    public static ClassWeights of(Object recipe) {
        if (BALANCED.equals(recipe)) {
            return new ClassWeights(true, List.of());
        }
        if (!(recipe instanceof List<?> list)) {
            throw invalid(
                    "%s must be a list of positive numbers, one for each label, or balanced, got %s", KEY, recipe);
        }
        return new ClassWeights(false, list.stream().map(ClassWeights::number).toList());
    }

    private static double number(Object value) {
        double number = Double.NaN;
        try {
            number = Double.parseDouble(String.valueOf(value));
        } catch (NumberFormatException e) {
            // not a number: refused below
        }
        check(number > 0 && Double.isFinite(number), "%s must be positive numbers, got %s", KEY, value);
        return number;
    }

    /**
     * The weight of each class.
     *
     * @param counts number of training rows of each class
     */
    public double[] of(int[] counts) {
        double[] weights = new double[counts.length];
        Arrays.fill(weights, 1);
        if (isBalanced) {
            double rows = Arrays.stream(counts).sum();
            double found = Arrays.stream(counts).filter(count -> count > 0).count();
            for (int label = 0; label < counts.length; label++) {
                weights[label] = counts[label] > 0 ? rows / (found * counts[label]) : 1;
            }
        } else if (!values.isEmpty()) {
            checkLength(counts.length);
            Arrays.setAll(weights, values::get);
        }
        return weights;
    }

    void checkLength(int labels) {
        check(
                values.isEmpty() || values.size() == labels,
                "%s has %d values, model.labels names %d classes: write one for each",
                KEY,
                values.size(),
                labels);
    }
}
