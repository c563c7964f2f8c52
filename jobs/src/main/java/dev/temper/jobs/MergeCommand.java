package dev.temper.jobs;

import dev.temper.recipe.Locations;
import dev.temper.run.AdapterMerge;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code temper merge}: a base and an adapter become one model, without Spark. */
@Command(name = "merge", description = "Write a model with an adapter merged into it.", sortOptions = false)
final class MergeCommand implements Callable<Integer> {
    private final Job<AdapterMerge.Request> job;

    @Parameters(paramLabel = "FOLDER", description = "Model folder in Hugging Face's layout.")
    private String folder;

    @Option(
            names = "--adapter",
            paramLabel = "FOLDER",
            required = true,
            description = "Adapter folder, ours or PEFT's.")
    private String adapter;

    @Option(
            names = "--output",
            paramLabel = "LOCATION",
            required = true,
            description = "Where the merged model goes; a new or empty folder.")
    private String output;

    MergeCommand(Job<AdapterMerge.Request> job) {
        this.job = job;
    }

    @Override
    public Integer call() throws Exception {
        Locations.verifyGiven("FOLDER", folder);
        Locations.verifyGiven("--adapter", adapter);
        Locations.verifyGiven("--output", output);
        job.run(new AdapterMerge.Request(folder, adapter, output));
        return 0;
    }
}
