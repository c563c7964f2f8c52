package dev.temper.jobs;

import static dev.temper.check.Check.check;

import dev.temper.recipe.Locations;
import dev.temper.recipe.Recipe;
import dev.temper.run.preview.PreviewChoice;
import dev.temper.storage.Store;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code temper preview}: what a run would learn, token by token. */
@Command(
        name = "preview",
        description = "Show rows as the model will see them, with what is learned marked, and what is cut or rejected.",
        sortOptions = false)
final class PreviewCommand implements Callable<Integer> {
    /**
     * What to show.
     *
     * @param recipe as a run would have it
     * @param choice which rows
     * @param html where to write a page, besides
     * @param json print JSON instead of text
     */
    record Request(Recipe recipe, PreviewChoice choice, Optional<String> html, boolean json) {}

    private static final int DEFAULT_ROWS = 5;

    private final Store store;
    private final Job<Request> job;

    @Mixin
    private RecipeArguments recipe = new RecipeArguments();

    @Option(names = "--rows", paramLabel = "N", description = "Rows to show, or packs. Default: 5, with --row all.")
    private Optional<Integer> rows = Optional.empty();

    @Option(
            names = "--row",
            paramLabel = "N",
            description = "Show the row with this number in its file, as rejected/ and messages count; repeatable.")
    private List<Long> numbers = List.of();

    @Option(names = "--grep", paramLabel = "TEXT", description = "Show rows that hold this text.")
    private Optional<String> text = Optional.empty();

    @Option(names = "--longest", description = "Show the longest rows.")
    private boolean longest;

    @Option(names = "--packs", description = "Show rows as they are packed for training.")
    private boolean packs;

    @Option(names = "--html", paramLabel = "FILE", description = "Write a page with them, too.")
    private Optional<String> html = Optional.empty();

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    /** @param store where the recipe is read from */
    PreviewCommand(Store store, Job<Request> job) {
        this.store = store;
        this.job = job;
    }

    @Override
    public Integer call() throws Exception {
        html.ifPresent(location -> Locations.verifyGiven("--html", location));
        int most = rows.orElse(numbers.isEmpty() ? DEFAULT_ROWS : Integer.MAX_VALUE);
        check(most >= 0, "--rows must not be negative, got %d", most);
        PreviewChoice choice = new PreviewChoice(most, numbers, text, longest, packs);
        job.run(new Request(recipe.read(store), choice, html, json));
        return 0;
    }
}
