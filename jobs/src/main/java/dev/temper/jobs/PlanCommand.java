package dev.temper.jobs;

import dev.temper.recipe.Recipe;
import dev.temper.storage.Store;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code temper plan}: what a run would train and need, without Spark, data or weights. */
@Command(name = "plan", description = "Say what a recipe would train and how much memory it needs.")
final class PlanCommand implements Callable<Integer> {
    /**
     * What to plan.
     *
     * @param json print JSON instead of text
     */
    record Request(Recipe recipe, boolean json) {}

    private final Store store;
    private final Job<Request> job;

    @Mixin
    private RecipeArguments recipe = new RecipeArguments();

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    /** @param store where the recipe is read from */
    PlanCommand(Store store, Job<Request> job) {
        this.store = store;
        this.job = job;
    }

    @Override
    public Integer call() throws Exception {
        job.run(new Request(recipe.read(store), json));
        return 0;
    }
}
