package dev.temper.jobs;

import static dev.temper.check.Check.check;

import dev.temper.check.Secrets;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code temper classify}: the class of texts, with the probability of each, without Spark. */
@Command(
        name = "classify",
        description = "Say which class texts belong to, with the probability of each class.",
        sortOptions = false)
final class ClassifyCommand implements Callable<Integer> {
    /**
     * What to classify, and with what.
     *
     * @param folder of the model
     * @param adapter folder of an adapter over it
     * @param labels names of the classes of the adapter's head; empty: those of the model
     * @param texts to classify; empty: those of the file
     * @param pairs the second text of each; empty: there are none
     * @param file data whose rows are classified
     * @param column of the file, with the texts
     * @param pairColumn of the file, with the second text of each; empty: there is none
     * @param maxLength tokens at which a text is cut
     * @param json print JSON instead of a table
     */
    record Request(
            String folder,
            Optional<String> adapter,
            List<String> labels,
            List<String> texts,
            List<String> pairs,
            Optional<String> file,
            String column,
            Optional<String> pairColumn,
            OptionalInt maxLength,
            boolean json) {}

    private final Job<Request> job;

    @Parameters(paramLabel = "FOLDER", description = "Folder of a classifier in Hugging Face's layout.")
    private String folder;

    @Option(names = "--adapter", paramLabel = "FOLDER", description = "Adapter folder, ours or PEFT's.")
    private Optional<String> adapter = Optional.empty();

    @Option(
            names = "--labels",
            paramLabel = "NAME",
            split = ",",
            description = "Classes of the adapter's head in their order: no,yes; default: those that its run named.")
    private List<String> labels = List.of();

    @Option(names = "--text", paramLabel = "TEXT", description = "A text to classify; may be given several times.")
    private List<String> texts = List.of();

    @Option(
            names = "--text-pair",
            paramLabel = "TEXT",
            description = "The second text of a pair, as text_pair in training; one for each --text, in their order.")
    private List<String> pairs = List.of();

    @Option(
            names = "--file",
            paramLabel = "LOCATION",
            description = "Classify the rows of a CSV, TSV, JSON, JSON lines or Parquet file, or of a folder of them.")
    private Optional<String> file = Optional.empty();

    @Option(
            names = "--column",
            paramLabel = "NAME",
            description = "Column of the file that holds the texts; default: text.")
    private Optional<String> column = Optional.empty();

    @Option(
            names = "--pair-column",
            paramLabel = "NAME",
            description = "Column of the file that holds the second text of a pair, as text_pair in training.")
    private Optional<String> pairColumn = Optional.empty();

    @Option(
            names = "--max-length",
            paramLabel = "N",
            description = "Tokens at which a text is cut, as data.max_length; default: the model's positions.")
    private Optional<Integer> maxLength = Optional.empty();

    @Option(names = "--json", description = "Print JSON, an object on each line.")
    private boolean json;

    ClassifyCommand(Job<Request> job) {
        this.job = job;
    }

    @Override
    public Integer call() throws Exception {
        Secrets.refuse("FOLDER", folder);
        adapter.ifPresent(location -> Secrets.refuse("--adapter", location));
        file.ifPresent(location -> Secrets.refuse("--file", location));
        check(
                texts.isEmpty() != file.isEmpty(),
                file.isEmpty()
                        ? "nothing to classify: give --text TEXT, or --file LOCATION"
                        : "--text and --file exclude each other: leave one of them out");
        check(
                file.isPresent() || column.isEmpty(),
                "--column changes nothing without --file; give that, or leave it out");
        check(
                file.isPresent() || pairColumn.isEmpty(),
                "--pair-column changes nothing without --file; give that, or leave it out");
        check(
                pairs.isEmpty() || pairs.size() == texts.size(),
                "--text-pair is the second text of each --text: there are %d for %d texts",
                pairs.size(),
                texts.size());
        check(labels.isEmpty() || adapter.isPresent(), "--labels are for an adapter's head: give --adapter, too");
        OptionalInt length = maxLength.map(OptionalInt::of).orElseGet(OptionalInt::empty);
        job.run(new Request(
                folder, adapter, labels, texts, pairs, file, column.orElse("text"), pairColumn, length, json));
        return 0;
    }
}
