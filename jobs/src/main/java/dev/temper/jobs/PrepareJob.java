package dev.temper.jobs;

import dev.temper.spark.ClusterCheck;
import dev.temper.spark.HadoopStore;
import dev.temper.spark.PreparedData;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;

/** {@code temper prepare}: the rows of a recipe as tokens, where a run of it looks for them. */
final class PrepareJob {
    private PrepareJob() {}

    /** Whose run the output holds does not matter: rows are found by what they follow from. */
    static void run(HadoopStore store, Recipe recipe) throws Exception {
        Locations locations = new Locations(store, recipe);
        locations.verifyOutput();
        locations.verifyInput();
        ClusterCheck.verifyMaster(new SparkConf());
        RunOutput output = RunOutput.of(store.folder(recipe.output()));
        output.verifyPlace();
        RecipeData rows = RecipeData.of(store, recipe, output.date().orElseGet(RecipeData::today));
        try (SparkSession spark = RunJob.session(recipe)) {
            PreparedData data = rows.prepare(spark, output.folder());
            Console.sayAll(DataSummary.of(recipe, data).text());
            Console.say("prepared    %s%s", data.folder().location(), data.reused() ? ", found there" : "");
        }
    }
}
