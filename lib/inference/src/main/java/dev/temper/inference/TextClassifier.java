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
 * Classifies texts. Thread-safe: texts of concurrent calls are tokenized in parallel, and the model computes for one
 * call at a time.
 *
 * <p>The texts of a call are computed together without padding, so their order and different lengths cost nothing. A
 * text that is too long is truncated as in training.
 *
 * <p>A call throws {@link java.util.concurrent.CancellationException} when its thread is interrupted, and
 * {@link IllegalStateException} when the classifier is closed; both take effect after the batch that is being computed.
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

    /** Opens a folder with {@link Options#defaults}. */
    public static TextClassifier open(Path folder) throws IOException {
        return open(folder, Options.defaults());
    }

    /**
     * Opens the folder of a classifier in Hugging Face's layout.
     *
     * @throws dev.temper.check.InvalidInputException when a file is missing, damaged or unsupported (the message names
     *     it), or the model is not a classifier
     */
    public static TextClassifier open(Path folder, Options options) throws IOException {
        checkLabels(folder, options);
        LoadedModel model = LoadedModel.open(folder, options);
        try {
            Architecture architecture = model.architecture();
            int maxLength = maxLength(architecture, folder.toString(), options.maxLength());
            TextClassifier classifier =
                    new TextClassifier(model, options, architecture.task().labels(), maxLength);
            classifier.tokens(List.of()); // fails now if the maximum length leaves no room for text
            return classifier;
        } catch (RuntimeException | Error e) {
            model.close();
            throw e;
        }
    }

    /**
     * Number of tokens at which texts are truncated.
     *
     * @param wanted empty: the model's maximum number of positions
     * @throws dev.temper.check.InvalidInputException when the model is not a classifier, or has fewer positions
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

    /** Names of the classes, by index. */
    public List<String> labels() {
        return labels;
    }

    public Classification classify(String text) {
        return classify(List.of(text)).get(0);
    }

    /**
     * Classifies texts.
     *
     * @throws dev.temper.check.InvalidInputException when a text has no tokens, or a token id that the model does not
     *     have; the message contains the text's number
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

    /** Classifies texts; empty for a text without tokens, or with a token id that the model does not have. */
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
        // batches of similar lengths are computed most efficiently
        order.sort(Comparator.comparing(i -> tokens.get(i).length));
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

    /** Fails running calls, and frees the memory of model and tokenizer. */
    @Override
    public void close() {
        model.close();
    }
}
