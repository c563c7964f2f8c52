package dev.temper.recipe;

import dev.temper.kernel.FloatType;
import dev.temper.kernel.ProductRates;
import dev.temper.model.Architecture;
import java.util.List;
import java.util.Optional;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/**
 * The type that a run computes in: what the recipe says, or what the processors of the cluster are fast in.
 *
 * @param recipe with {@code fp32} or {@code bf16}
 * @param note a sentence for the user; empty where there is nothing to say
 * @param isBad whether the recipe asks for the slower one
 */
public record ChosenPrecision(Recipe recipe, String note, boolean isBad) {
    private static final int SMALL = 512; // narrower models spend their time elsewhere, and lose accuracy first

    /**
     * Measures on one executor, as the driver may be another kind of machine.
     *
     * @param earlier what an unfinished run of the recipe has chosen: it goes on with the same
     */
    public static ChosenPrecision of(
            SparkSession spark, Recipe recipe, Architecture architecture, Optional<Recipe.Precision> earlier) {
        Recipe.Precision asked = recipe.model().precision();
        if (asked == Recipe.Precision.AUTO && earlier.isPresent()) {
            return new ChosenPrecision(recipe.in(earlier.get()), "", false);
        }
        boolean isSmall = architecture.sizes().width() < SMALL;
        if (asked == Recipe.Precision.FP32 || isSmall) {
            Recipe.Precision type = asked == Recipe.Precision.AUTO ? Recipe.Precision.FP32 : asked;
            return new ChosenPrecision(recipe.in(type), "", false);
        }
        ProductRates rates = new JavaSparkContext(spark.sparkContext())
                .parallelize(List.of(0), 1)
                .map(task -> ProductRates.measure())
                .first();
        boolean isFaster = rates.fastest() == FloatType.BFLOAT16;
        if (asked == Recipe.Precision.AUTO) {
            Recipe.Precision chosen = isFaster ? Recipe.Precision.BF16 : Recipe.Precision.FP32;
            return new ChosenPrecision(
                    recipe.in(chosen), "model.precision: " + chosen.label() + ", as products run in " + rates, false);
        }
        boolean isSlower = rates.bfloat16() < rates.float32();
        String warning = "products run in " + rates + " here: model.precision: fp32 would be faster";
        return new ChosenPrecision(recipe, isSlower ? warning : "", isSlower);
    }

    /** What {@code auto} chooses when the workers' machines are like this one. */
    public static Recipe here(Recipe recipe, Architecture architecture) {
        if (recipe.model().precision() != Recipe.Precision.AUTO) {
            return recipe;
        }
        boolean isFaster =
                architecture.sizes().width() >= SMALL && ProductRates.measure().fastest() == FloatType.BFLOAT16;
        return recipe.in(isFaster ? Recipe.Precision.BF16 : Recipe.Precision.FP32);
    }
}
