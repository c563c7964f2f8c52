package dev.temper.jobs;

import static picocli.CommandLine.Help.Visibility.NEVER;

import dev.temper.check.Secrets;
import dev.temper.generate.GenerationConfig;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code temper generate}: continues prompts with a model, without Spark. */
@Command(
        name = "generate",
        description = "Continue prompts with a model.",
        showDefaultValues = true,
        sortOptions = false)
final class GenerateCommand implements Callable<Integer> {
    /** What the command does. */
    interface Job {
        void run(Request request) throws Exception;
    }

    /**
     * What to continue, and how.
     *
     * @param folder of the model
     * @param adapter folder of an adapter over it
     * @param generation the prompts are in here
     * @param json print JSON instead of text
     */
    record Request(String folder, Optional<String> adapter, GenerationConfig generation, long seed, boolean json) {}

    private final Job job;

    @Parameters(paramLabel = "FOLDER", description = "Model folder in Hugging Face's layout.")
    private String folder;

    @Option(
            names = "--adapter",
            showDefaultValue = NEVER,
            paramLabel = "FOLDER",
            description = "Adapter folder, ours or PEFT's.")
    private Optional<String> adapter = Optional.empty();

    @Option(
            names = "--prompt",
            showDefaultValue = NEVER,
            paramLabel = "TEXT",
            arity = "1..*",
            required = true,
            description = "What to continue.")
    private List<String> prompts = List.of();

    @Option(names = "--max-new-tokens", paramLabel = "N", defaultValue = "50", description = "Tokens at most.")
    private int maxNewTokens;

    @Option(names = "--do-sample", description = "Draw tokens instead of taking the best one.")
    private boolean doSample;

    @Option(names = "--temperature", paramLabel = "X", defaultValue = "1.0", description = "Above 1 is more varied.")
    private double temperature;

    @Option(names = "--top-k", paramLabel = "K", defaultValue = "0", description = "Draw from the K best; 0: from all.")
    private int topK;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            defaultValue = "1.0",
            description = "Draw from the likeliest P of all.")
    private double topP;

    @Option(names = "--min-p", paramLabel = "P", defaultValue = "0.0", description = "Least share of the best one's.")
    private double minP;

    @Option(
            names = "--repetition-penalty",
            paramLabel = "X",
            defaultValue = "1.0",
            description = "Above 1 avoids what was said.")
    private double repetitionPenalty;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "42", description = "Same seed, same text.")
    private long seed;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    GenerateCommand(Job job) {
        this.job = job;
    }

    @Override
    public Integer call() throws Exception {
        Secrets.refuse("FOLDER", folder);
        adapter.ifPresent(location -> Secrets.refuse("--adapter", location));
        GenerationConfig generation = new GenerationConfig(
                prompts, 0, maxNewTokens, doSample, temperature, topK, topP, minP, repetitionPenalty);
        job.run(new Request(folder, adapter, generation, seed, json));
        return 0;
    }
}
