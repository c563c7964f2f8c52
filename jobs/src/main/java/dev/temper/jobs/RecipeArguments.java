package dev.temper.jobs;

import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeFile;
import dev.temper.storage.Store;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.SparkConf;
import picocli.CommandLine.Parameters;

/** The recipe on the command line, and the keys that are replaced in it. */
final class RecipeArguments {
    @Parameters(index = "0", paramLabel = "RECIPE", description = "YAML file; docs/recipe.md explains its keys.")
    private String recipe;

    @Parameters(index = "1..*", paramLabel = "key=value", description = "Replaces a key, such as training.seed=7.")
    private List<String> overrides = List.of();

    /** @param more keys that are replaced after those of the user */
    Recipe read(Store store, String... more) {
        List<String> all = new ArrayList<>(overrides);
        all.addAll(List.of(more));
        return RecipeFile.read(store, SentFiles.find(new SparkConf(), recipe), all);
    }
}
