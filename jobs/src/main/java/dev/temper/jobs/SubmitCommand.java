package dev.temper.jobs;

import static dev.temper.check.Check.invalid;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code temper submit}: the launcher's own, here for its help alone. */
@Command(
        name = "submit",
        description = "Run a recipe by spark-submit, with any of its options; in cluster mode, wait for its end.")
@SuppressWarnings("UnusedVariable") // what is declared here is what the help shows
final class SubmitCommand implements Callable<Integer> {
    @Option(names = "--deploy-mode", paramLabel = "MODE", description = "client, or cluster: the driver runs there.")
    private String deployMode;

    @Option(names = "--conf", paramLabel = "NAME=VALUE", description = "A setting; so are spark-submit's others.")
    private List<String> settings;

    @Parameters(index = "0", paramLabel = "RECIPE", description = "YAML file, sent along in cluster mode.")
    private String recipe;

    @Parameters(index = "1..*", paramLabel = "key=value", description = "Replaces a key, such as training.seed=7.")
    private List<String> overrides;

    @Override
    public Integer call() {
        throw invalid("submit is read by the launcher, which is bin/temper in the archive: start that one, or hand the"
                + " jar to spark-submit and write run instead");
    }
}
