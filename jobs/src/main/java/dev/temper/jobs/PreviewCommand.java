package dev.temper.jobs;

import static dev.temper.check.Check.check;

import dev.temper.check.Secrets;
import dev.temper.storage.Store;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code temper preview}: what a run would learn, token by token. */
@Command(
        name = "preview",
        description = "Show rows as the model will see them, with what is learned marked, and what is cut or rejected.",
        sortOptions = false)
final class PreviewCommand implements Callable<Integer> {
    /** What the command does. */
    interface Job {
        void run(Request request) throws Exception;
    }

    /**
     * What to show.
     *
     * @param recipe as a run would have it
     * @param tolerant the same, but one that rejects as many rows as there are to reject
     * @param rows so many of the rows to train on
     * @param html where to write a page, besides
     * @param json print JSON instead of text
     */
    record Request(Recipe recipe, Recipe tolerant, int rows, Optional<String> html, boolean json) {}

    private final Store store;
    private final Job job;

    @Mixin
    private RecipeArguments recipe = new RecipeArguments();

    @Option(
            names = "--rows",
            paramLabel = "N",
            defaultValue = "5",
            showDefaultValue = Visibility.ALWAYS,
            description = "Rows to show.")
    private int rows;

    @Option(names = "--html", paramLabel = "FILE", description = "Write a page with them, too.")
    private Optional<String> html = Optional.empty();

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    /** @param store where the recipe is read from */
    PreviewCommand(Store store, Job job) {
        this.store = store;
        this.job = job;
    }

    @Override
    public Integer call() throws Exception {
        html.ifPresent(location -> Secrets.refuse("--html", location));
        check(rows >= 0, "--rows must not be negative, got %d", rows);
        Recipe tolerant = recipe.read(store, "data.max_rejected_fraction=1"); // what a run would refuse is of interest
        job.run(new Request(recipe.read(store), tolerant, rows, html, json));
        return 0;
    }
}
