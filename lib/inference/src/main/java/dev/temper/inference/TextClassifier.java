package dev.temper.inference;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import dev.temper.model.Architecture;
import dev.temper.model.ModelTask;
import dev.temper.model.Task;
import dev.temper.model.TokenStream;
import dev.temper.storage.Folder;
import dev.temper.text.DataConfig.TooLong;
import dev.temper.text.RejectedRowException;
import dev.temper.text.RejectedRowException.Reason;
import dev.temper.text.RenderedText;
import dev.temper.text.RowTokenizer;
import dev.temper.text.TextKind;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Says which class a text belongs to. Any number of threads may call it; their texts are tokenized in parallel, the
 * model computes for one call at a time.
 *
 * <p>The texts of a call are computed together without padding, so neither their order nor their lengths cost anything.
 * A text that is too long is cut as in training.
 *
 * <p>A call whose thread is interrupted ends with a {@link java.util.concurrent.CancellationException}, one whose model
 * is closed meanwhile with an {@link IllegalStateException}, both after the texts under way.
 */
public final class TextClassifier implements AutoCloseable {
    private final LoadedModel model;
    private final Options options;
    private final List<String> labels;
    private final int maxLength;
    private final int vocabulary;

    private TextClassifier(LoadedModel model, Options options, List<String> labels, int maxLength) {
        this.model = model;
        this.options = options;
        this.labels = labels;
        this.maxLength = maxLength;
        this.vocabulary = model.architecture().sizes().vocabulary();
    }

    /** As {@link #open(Path, Options)}, with {@link Options#defaults}. */
    public static TextClassifier open(Path folder) throws IOException {
        return open(folder, Options.defaults());
    }

    /**
     * Opens the folder of a classifier in Hugging Face's layout.
     *
     * @throws dev.temper.check.InvalidInputException when a file is missing, damaged or not supported, by its name, or
     *     when the model does not classify
     */
    public static TextClassifier open(Path folder, Options options) throws IOException {
        checkLabels(folder, options);
        LoadedModel model = LoadedModel.open(folder, options);
        try {
            Architecture architecture = model.architecture();
            int maxLength = maxLength(architecture, folder.toString(), options.maxLength());
            TextClassifier classifier =
                    new TextClassifier(model, options, architecture.task().labels(), maxLength);
            classifier.tokens(List.of()); // no room for a text shows now
            return classifier;
        } catch (RuntimeException | Error e) {
            model.close();
            throw e;
        }
    }

    /**
     * Tokens at which a text is cut.
     *
     * @param wanted empty: the model's positions
     * @throws dev.temper.check.InvalidInputException when the model does not classify, or has fewer positions
     */
    public static int maxLength(Architecture architecture, String folder, OptionalInt wanted) {
        ModelTask task = architecture.task();
        check(
                task.kind() == Task.SEQUENCE_CLASSIFICATION,
                "%s holds no classifier: its head predicts %s",
                folder,
                task.isCausal() ? "tokens" : "a number");
        int positions = architecture.sizes().maxPositions();
        int maxLength = wanted.orElse(positions);
        check(maxLength <= positions, "maxLength %d is more than the %d positions of %s", maxLength, positions, folder);
        return maxLength;
    }

    private static void checkLabels(Path folder, Options options) throws IOException {
        check(
                options.adapter().isEmpty()
                        || !options.labels().isEmpty()
                        || !ModelTask.of(Folder.local(folder)).isCausal(),
                "%s does not classify by itself: name the classes of the adapter's head with Options.withLabels",
                folder);
    }

    /** Names of the classes, by number. */
    public List<String> labels() {
        return labels;
    }

    public Classification classify(String text) {
        return classify(List.of(text)).get(0);
    }

    /**
     * The class of each text.
     *
     * @throws dev.temper.check.InvalidInputException when a text has no tokens, or one that the model does not have, by
     *     the text's number
     */
    public List<Classification> classify(List<String> texts) {
        List<RowTokenizer.Result> tokens = tokens(texts);
        for (int i = 0; i < texts.size(); i++) {
            if (tokens.get(i).rejection() != null) {
                throw invalid(
                        "text %d cannot be classified: %s",
                        i + 1, tokens.get(i).rejection().detail());
            }
        }
        return results(tokens).stream().map(Optional::orElseThrow).toList();
    }

    /** The class of each text; empty for a text without tokens, or with one that the model does not have. */
    public List<Optional<Classification>> tryClassify(List<String> texts) {
        return results(tokens(texts));
    }

    private List<Optional<Classification>> results(List<RowTokenizer.Result> rows) {
        List<int[]> tokens = rows.stream()
                .map(row -> row.tokens() == null ? new int[0] : row.tokens().inputIds())
                .toList();
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < tokens.size(); i++) {
            if (tokens.get(i).length > 0) {
                order.add(i);
            }
        }
        order.sort(Comparator.comparing(i -> tokens.get(i).length)); // texts of a length share their work best
        return model.thread()
                .<List<Optional<Classification>>>submit(call -> {
                    List<Optional<Classification>> results =
                            new ArrayList<>(Collections.nCopies(tokens.size(), Optional.empty()));
                    for (List<Integer> batch :
                            Batches.of(order, i -> tokens.get(i).length, options.batchTokens(), Integer.MAX_VALUE)) {
                        call.check();
                        float[][] logits = call.model()
                                .classify(TokenStream.of(
                                        batch.stream().map(tokens::get).toList()));
                        for (int i = 0; i < logits.length; i++) {
                            results.set(batch.get(i), Optional.of(Classification.of(logits[i], labels)));
                        }
                    }
                    return results;
                })
                .result();
    }

    private List<RowTokenizer.Result> tokens(List<String> texts) {
        List<RenderedText> rendered = texts.stream()
                .map(text -> new RenderedText(model.refusal(text).isEmpty() ? text : "", List.of()))
                .toList();
        List<RowTokenizer.Result> results = new ArrayList<>(model.tokens(
                tokenizer -> new RowTokenizer(tokenizer, TextKind.CLASSIFIED, maxLength, TooLong.TRUNCATE, vocabulary)
                        .tokens(rendered)));
        for (int i = 0; i < results.size(); i++) {
            Optional<String> refusal = model.refusal(texts.get(i));
            if (refusal.isPresent()) {
                RejectedRowException why =
                        new RejectedRowException(Reason.TOO_MANY_CHARACTERS, "it has " + refusal.get());
                results.set(i, new RowTokenizer.Result(null, why, 0));
            }
        }
        return results;
    }

    /** Ends calls under way, and frees the memory of model and tokenizer. */
    @Override
    public void close() {
        model.close();
    }
}
