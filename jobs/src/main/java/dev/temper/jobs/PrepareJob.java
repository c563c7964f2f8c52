package dev.temper.jobs;

import dev.temper.recipe.Recipe;
import dev.temper.run.PreparationRun;
import dev.temper.run.output.DataSummary;
import dev.temper.spark.storage.HadoopStore;

/** {@code temper prepare}: prints what became of the rows, and where they are. */
final class PrepareJob {
    private PrepareJob() {}

    static void run(HadoopStore store, Recipe recipe) throws Exception {
        DataSummary rows = PreparationRun.prepare(RunJob.environment(store), recipe);
        Console.sayAll(rows.text());
        Console.say(
                "prepared    %s%s", rows.data().folder().location(), rows.data().reused() ? ", found there" : "");
    }
}
