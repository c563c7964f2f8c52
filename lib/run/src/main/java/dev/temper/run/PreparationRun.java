package dev.temper.run;

import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeLocations;
import dev.temper.run.output.DataSummary;
import dev.temper.run.output.RunOutput;
import dev.temper.spark.cluster.ClusterCheck;
import dev.temper.spark.preparing.PreparedData;
import dev.temper.spark.storage.HadoopStore;

/** The first half of a run: the rows of a recipe as tokens, where a run of it looks for them. */
public final class PreparationRun {
    private PreparationRun() {}

    /**
     * Whose run the output holds does not matter: rows are found by what they follow from.
     *
     * @throws dev.temper.check.InvalidInputException when recipe, data or locations are wrong
     */
    public static DataSummary prepare(RunEnvironment environment, Recipe recipe) throws Exception {
        HadoopStore store = environment.store();
        RecipeLocations locations = new RecipeLocations(store, recipe);
        locations.verifyOutput();
        locations.verifyInput();
        ClusterCheck.verifyMaster(environment.conf().get());
        RunOutput output = RunOutput.of(store.folder(recipe.output()));
        output.verifyPlace();
        RecipeData rows = RecipeData.of(store, recipe, output.date().orElseGet(RecipeData::today))
                .with(environment.tables());
        try (SparkHandle open = environment.open(recipe)) {
            PreparedData data = rows.prepare(open.spark(), output.folder());
            return DataSummary.of(recipe, data);
        }
    }
}
