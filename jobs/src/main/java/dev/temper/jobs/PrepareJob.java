package dev.temper.jobs;

import dev.temper.spark.ClusterCheck;
import dev.temper.spark.HadoopStore;
import dev.temper.spark.PreparedData;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;

/** {@code temper prepare}: the rows of a recipe as tokens, where a run of it looks for them. */
final class PrepareJob {
    private PrepareJob() {}

    /** What is done with the prepared rows. */
    interface Use {
        void use(RecipeData rows, PreparedData data) throws Exception;
    }

    static void run(HadoopStore store, Recipe recipe) throws Exception {
        run(store, recipe, recipe, (rows, data) -> {
            Console.sayAll(new DataSummary(recipe.data(), recipe.data().maxRejectedFraction(), data).text());
            Console.say("prepared    %s%s", data.folder().location(), data.reused() ? ", found there" : "");
        });
    }

    /**
     * Prepares the rows; nothing stays of what is refused.
     *
     * @param recipe whose output it may be
     * @param tolerant the same, or one that allows more rejected rows
     */
    static void run(HadoopStore store, Recipe recipe, Recipe tolerant, Use use) throws Exception {
        Locations locations = new Locations(store, recipe);
        locations.verifyOutput();
        locations.verifyInput();
        ClusterCheck.verifyMaster(new SparkConf());
        RunOutput output = RunOutput.of(store.folder(recipe.output()));
        output.state(recipe);
        RecipeData rows = RecipeData.of(store, tolerant, output.date().orElseGet(RecipeData::today));
        try (SparkSession spark = RunJob.session(recipe)) {
            PreparedData data = rows.prepare(spark, output.folder());
            use.use(rows, data);
        }
    }
}
