package dev.temper.jobs;

import dev.temper.check.Secrets;
import dev.temper.run.draft.RecipeRequest;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code temper init}: a first recipe for a base and data, with the reasons for what it says. */
@Command(
        name = "init",
        description = "Look at a base and at data, and write a recipe for them with a comment on each choice.",
        sortOptions = false)
final class InitCommand implements Callable<Integer> {
    private final Job<RecipeRequest> job;

    @Parameters(
            paramLabel = "RECIPE",
            arity = "0..1",
            defaultValue = "recipe.yaml",
            description = "The file to write; default: recipe.yaml.")
    private String recipe;

    @Option(
            names = "--base",
            paramLabel = "FOLDER",
            required = true,
            description = "Model folder in Hugging Face's layout.")
    private String base;

    @Option(
            names = "--data",
            paramLabel = "LOCATION",
            required = true,
            description = "Rows to learn: a CSV, TSV, JSON, JSON lines or Parquet file, or a folder of them.")
    private String data;

    @Option(names = "--eval", paramLabel = "LOCATION", description = "Rows to evaluate on; default: a share of them.")
    private Optional<String> eval = Optional.empty();

    @Option(
            names = "--task",
            paramLabel = "NAME",
            description = "causal_lm or sequence_classification; default: what the base was made for.")
    private Optional<String> task = Optional.empty();

    @Option(
            names = "--labels",
            paramLabel = "NAME",
            split = ",",
            description = "Names of the classes, in the order of their numbers: Negative,Positive.")
    private List<String> labels = List.of();

    @Option(
            names = "--columns",
            paramLabel = "MAPPING",
            description = "Which column holds what, as data.columns: '{prompt: question, completion: answer}'.")
    private Optional<String> columns = Optional.empty();

    @Option(
            names = "--encoding",
            paramLabel = "NAME",
            defaultValue = "UTF-8",
            description = "Of CSV and JSON files; default: UTF-8.")
    private String encoding;

    @Option(names = "--output", paramLabel = "LOCATION", description = "Where runs write; default: output/NAME.")
    private Optional<String> output = Optional.empty();

    InitCommand(Job<RecipeRequest> job) {
        this.job = job;
    }

    @Override
    public Integer call() throws Exception {
        Secrets.refuse("RECIPE", recipe);
        Secrets.refuse("--base", base);
        Secrets.refuse("--data", data);
        eval.ifPresent(location -> Secrets.refuse("--eval", location));
        output.ifPresent(location -> Secrets.refuse("--output", location));
        job.run(new RecipeRequest(recipe, base, data, eval, task, labels, columns, encoding, output));
        return 0;
    }
}
