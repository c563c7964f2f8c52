package dev.temper.run;

import dev.temper.recipe.Recipe;
import dev.temper.spark.storage.HadoopStore;
import java.util.List;
import java.util.function.Function;
import org.apache.spark.sql.SparkSession;

/**
 * What runs find around them.
 *
 * @param store reads and writes all locations
 * @param sessions gives Spark to a recipe, not before it is needed
 * @param version of this build, and its commit
 * @param listener hears what runs say
 */
public record RunEnvironment(
        HadoopStore store, Function<Recipe, SparkHandle> sessions, List<String> version, RunListener listener) {
    /** A session that is another's to end. */
    public static RunEnvironment within(SparkSession spark, List<String> version, RunListener listener) {
        return new RunEnvironment(HadoopStore.of(spark), recipe -> new SparkHandle(spark, false), version, listener);
    }

    public SparkHandle open(Recipe recipe) {
        return sessions.apply(recipe);
    }

    /** The same with another listener. */
    RunEnvironment hearing(RunListener other) {
        return new RunEnvironment(store, sessions, version, other);
    }
}
