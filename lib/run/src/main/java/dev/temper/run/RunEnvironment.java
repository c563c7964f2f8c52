package dev.temper.run;

import dev.temper.recipe.Recipe;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.spark.table.DataTables;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;

/**
 * What runs find around them.
 *
 * @param store reads and writes all locations
 * @param sessions gives Spark to a recipe, not before it is needed
 * @param conf settings of that Spark, or of spark-submit before there is one
 * @param tables DataFrames that recipes name
 * @param version of this build, and its commit
 * @param listener hears what runs say
 */
public record RunEnvironment(
        HadoopStore store,
        Function<Recipe, SparkHandle> sessions,
        Supplier<SparkConf> conf,
        DataTables tables,
        List<String> version,
        RunListener listener) {
    /** Of a command: settings are those of spark-submit, and there are no DataFrames. */
    public RunEnvironment(
            HadoopStore store, Function<Recipe, SparkHandle> sessions, List<String> version, RunListener listener) {
        this(store, sessions, SparkConf::new, DataTables.NONE, version, listener);
    }

    /** A session that is another's to end. */
    public static RunEnvironment within(SparkSession spark, List<String> version, RunListener listener) {
        return new RunEnvironment(
                HadoopStore.of(spark),
                recipe -> new SparkHandle(spark, false),
                () -> spark.sparkContext().getConf(),
                DataTables.NONE,
                version,
                listener);
    }

    /** The same with DataFrames, by the names that recipes have for them. */
    public RunEnvironment with(DataTables given) {
        return new RunEnvironment(store, sessions, conf, given, version, listener);
    }

    public SparkHandle open(Recipe recipe) {
        return sessions.apply(recipe);
    }
}
