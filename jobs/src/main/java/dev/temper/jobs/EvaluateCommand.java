package dev.temper.jobs;

import com.fasterxml.jackson.databind.node.TextNode;
import dev.temper.recipe.Locations;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeFile;
import dev.temper.storage.Store;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code temper evaluate}: measures a model on the rows that a recipe evaluates on. */
@Command(name = "evaluate", description = "Measure a model on the evaluation rows of a recipe.", sortOptions = false)
final class EvaluateCommand implements Callable<Integer> {
    /**
     * What to evaluate.
     *
     * @param recipe its base is the folder, and its adapter, if any, the one to evaluate
     * @param output where tables and pictures go
     * @param json print JSON instead of text
     */
    record Request(Recipe recipe, Optional<String> output, boolean json) {}

    private final Store store;
    private final Job<Request> job;

    @Parameters(index = "0", paramLabel = "FOLDER", description = "Model folder in Hugging Face's layout.")
    private String folder;

    @Parameters(index = "1", paramLabel = "RECIPE", description = "YAML file; docs/recipe.md explains its keys.")
    private String recipe;

    @Parameters(index = "2..*", paramLabel = "key=value", description = "Replaces a key, such as cluster.workers=2.")
    private List<String> overrides = List.of();

    @Option(names = "--adapter", paramLabel = "FOLDER", description = "Adapter folder, ours or PEFT's.")
    private Optional<String> adapter = Optional.empty();

    @Option(names = "--output", paramLabel = "LOCATION", description = "Folder for tables and pictures.")
    private Optional<String> output = Optional.empty();

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    /** @param store where the recipe is read from */
    EvaluateCommand(Store store, Job<Request> job) {
        this.store = store;
        this.job = job;
    }

    @Override
    public Integer call() throws Exception {
        Locations.verifyGiven("FOLDER", folder);
        adapter.ifPresent(location -> Locations.verifyGiven("--adapter", location));
        output.ifPresent(location -> Locations.verifyGiven("--output", location));
        List<String> all = new ArrayList<>(overrides);
        all.add("model.base=" + quoted(folder));
        all.add("adapter="); // it is not trained; what the run trained is in FOLDER or in --adapter
        all.add("model.quantization="); // what is frozen is measured as FOLDER holds it
        adapter.ifPresent(location -> all.add("adapter.init_from=" + quoted(location)));
        job.run(new Request(RecipeFile.read(store, recipe, all), output, json));
        return 0;
    }

    private static String quoted(String text) {
        return TextNode.valueOf(text).toString(); // JSON is YAML
    }
}
