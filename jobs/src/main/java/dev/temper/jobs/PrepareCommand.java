package dev.temper.jobs;

import dev.temper.recipe.Recipe;
import dev.temper.storage.Store;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code temper prepare}: the first half of a run. */
@Command(name = "prepare", description = "Read, render and tokenize the rows of a recipe, for runs to come.")
final class PrepareCommand implements Callable<Integer> {
    private final Store store;
    private final Job<Recipe> job;

    @Mixin
    private RecipeArguments recipe = new RecipeArguments();

    /** @param store where the recipe is read from */
    PrepareCommand(Store store, Job<Recipe> job) {
        this.store = store;
        this.job = job;
    }

    @Override
    public Integer call() throws Exception {
        job.run(recipe.read(store));
        return 0;
    }
}
