package dev.temper.jobs;

import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeFile;
import dev.temper.storage.Store;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
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
        return RecipeFile.read(store, sent(new SparkConf(), recipe), all);
    }

    /**
     * Where spark-submit was sent a file of this name from, by {@code --files}, which no driver of a standalone cluster
     * has in its working directory; the name itself where it is no such file.
     */
    static String sent(SparkConf conf, String name) {
        if (name.isBlank() || name.contains("/") || Files.exists(Path.of(name))) {
            return name;
        }
        return Stream.of("spark.files", "spark.yarn.dist.files")
                .flatMap(key -> Arrays.stream(conf.get(key, "").split(",")))
                .map(String::strip)
                .filter(file -> name.equals(file.replaceAll(".*[/#]", "")))
                .findFirst()
                .map(file -> file.replaceAll("#[^#/]*$", ""))
                .orElse(name);
    }
}
