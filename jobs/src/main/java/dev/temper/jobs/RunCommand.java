package dev.temper.jobs;

import dev.temper.storage.Store;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code temper run}: bad settings fail here, before Spark starts. */
@Command(name = "run", description = "Read, train, evaluate and write, as a recipe says.")
final class RunCommand implements Callable<Integer> {
    /** What the command does. */
    interface Job {
        void run(Recipe recipe) throws Exception;
    }

    private final Store store;
    private final Job job;

    @Mixin
    private RecipeArguments recipe = new RecipeArguments();

    /** @param store where the recipe is read from */
    RunCommand(Store store, Job job) {
        this.store = store;
        this.job = job;
    }

    @Override
    public Integer call() throws Exception {
        job.run(recipe.read(store));
        return 0;
    }
}
