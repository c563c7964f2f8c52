package dev.temper.jobs;

import dev.temper.storage.Store;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code temper prepare}: the first half of a run. */
@Command(name = "prepare", description = "Read, render and tokenize the rows of a recipe, for runs to come.")
final class PrepareCommand implements Callable<Integer> {
    /** What the command does. */
    interface Job {
        void run(Recipe recipe) throws Exception;
    }

    private final Store store;
    private final Job job;

    @Parameters(index = "0", paramLabel = "RECIPE", description = "YAML file; docs/recipe.md explains its keys.")
    private String recipe;

    @Parameters(index = "1..*", paramLabel = "key=value", description = "Replaces a key, such as data.max_length=512.")
    private List<String> overrides = List.of();

    /** @param store where the recipe is read from */
    PrepareCommand(Store store, Job job) {
        this.store = store;
        this.job = job;
    }

    @Override
    public Integer call() throws Exception {
        job.run(Recipe.read(store, recipe, overrides));
        return 0;
    }
}
