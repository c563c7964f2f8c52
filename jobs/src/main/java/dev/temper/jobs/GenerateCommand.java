package dev.temper.jobs;

import static dev.temper.check.Check.check;
import static picocli.CommandLine.Help.Visibility.NEVER;

import dev.temper.generate.GenerationConfig;
import dev.temper.recipe.Locations;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code temper generate}: answers or continues prompts with a model, without Spark. */
@Command(
        name = "generate",
        description = "Answer or continue prompts with a model.",
        showDefaultValues = true,
        sortOptions = false)
final class GenerateCommand implements Callable<Integer> {
    /**
     * What to answer, and how.
     *
     * @param folder of the model
     * @param adapter folder of an adapter over it
     * @param generation the prompts are in here
     * @param json print JSON instead of text
     */
    record Request(
            String folder,
            Optional<String> adapter,
            Asked asked,
            GenerationConfig generation,
            long seed,
            boolean json) {}

    /**
     * How the model gets what it is asked.
     *
     * @param raw prompts are continued as they are, whether there is a chat template or not
     * @param system in front of conversations that have none
     * @param messages file of conversations
     */
    record Asked(boolean raw, Optional<String> system, Optional<String> messages) {
        Asked {
            check(
                    !raw || (system.isEmpty() && messages.isEmpty()),
                    "--raw continues a prompt as it is: leave out %s, which is for the chat template",
                    system.isPresent() ? "--system" : "--messages");
        }

        /** Whether it cannot be done without a chat template. */
        boolean needsTemplate() {
            return system.isPresent() || messages.isPresent();
        }
    }

    private final Job<Request> job;

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
            description = "What to answer, as often as there are prompts. With a chat template in the folder it is a"
                    + " user's turn, else it is continued.")
    private List<String> prompts = List.of();

    @Option(names = "--raw", description = "Continue prompts as they are, without the chat template.")
    private boolean raw;

    @Option(
            names = "--system",
            showDefaultValue = NEVER,
            paramLabel = "TEXT",
            description = "System message in front of conversations that have none.")
    private Optional<String> system = Optional.empty();

    @Option(
            names = "--messages",
            showDefaultValue = NEVER,
            paramLabel = "FILE",
            description = "Conversations instead of prompts: JSON lists of {role, content}.")
    private Optional<String> messages = Optional.empty();

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

    @Spec
    private CommandSpec spec;

    GenerateCommand(Job<Request> job) {
        this.job = job;
    }

    @Override
    public Integer call() throws Exception {
        Locations.verifyGiven("FOLDER", folder);
        adapter.ifPresent(location -> Locations.verifyGiven("--adapter", location));
        messages.ifPresent(location -> Locations.verifyGiven("--messages", location));
        check(
                prompts.isEmpty() == messages.isPresent(),
                messages.isPresent()
                        ? "--prompt and --messages exclude each other: leave one of them out"
                        : "there is nothing to answer: give --prompt TEXT or --messages FILE");
        for (String option : List.of("--temperature", "--top-k", "--top-p", "--min-p", "--seed")) {
            boolean isGiven = spec.commandLine().getParseResult().hasMatchedOption(option);
            check(doSample || !isGiven, "%s changes nothing without --do-sample; add that, or leave it out", option);
        }
        GenerationConfig generation = new GenerationConfig(
                prompts, 0, maxNewTokens, doSample, temperature, topK, topP, minP, repetitionPenalty);
        job.run(new Request(folder, adapter, new Asked(raw, system, messages), generation, seed, json));
        return 0;
    }
}
