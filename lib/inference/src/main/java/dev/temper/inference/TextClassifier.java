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
import dev.temper.text.TokenRow;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * Says which class a text belongs to, which labels it has, or which number, by what its model was trained for; of one
 * text or of a pair of them. Any number of threads may call it; their texts are tokenized in parallel, the model
 * computes for one call at a time.
 *
 * <p>The texts of a call are computed together without padding, so their order and different lengths cost nothing. A
 * text that is too long is truncated as in training.
 *
 * <p>A call throws {@link java.util.concurrent.CancellationException} when its thread is interrupted, and
 * {@link IllegalStateException} when the classifier is closed; both take effect after the batch that is being computed.
 */
public final class TextClassifier implements AutoCloseable {
    private static final RenderedText NOTHING = RenderedText.ofPair("", "");

    private final LoadedModel model;
    private final Options options;
    private final Architecture architecture;
    private final int maxLength;

    private TextClassifier(LoadedModel model, Options options, Architecture architecture, int maxLength) {
        this.model = model;
        this.options = options;
        this.architecture = architecture;
        this.maxLength = maxLength;
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
            TextClassifier classifier = new TextClassifier(model, options, architecture, maxLength);
            classifier.tokens(List.of(), TextKind.CLASSIFIED); // no room for a text shows now
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
        check(!architecture.task().isCausal(), "%s holds no classifier: its head predicts tokens", folder);
        int positions = architecture.sizes().maxPositions();
        int maxLength = wanted.orElse(positions);
        check(maxLength <= positions, "maxLength %d is more than the %d positions of %s", maxLength, positions, folder);
        return maxLength;
    }

    private static void checkLabels(Path folder, Options options) throws IOException {
        check(
                options.adapter().isEmpty()
                        || options.head().isPresent()
                        || !ModelTask.of(Folder.local(folder)).isCausal(),
                "%s does not classify by itself: name the classes of the adapter's head with Options.withLabels",
                folder);
    }

    /** Names of the classes or labels, by number. */
    public List<String> labels() {
        return architecture.task().labels();
    }

    /** What its model was trained for. */
    public Task task() {
        return architecture.task().kind();
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
        return all("text", tokens(single(texts), TextKind.CLASSIFIED));
    }

    /** Classifies texts; empty for a text without tokens, or with a token id that the model does not have. */
    public List<Optional<Classification>> tryClassify(List<String> texts) {
        return results(tokens(single(texts), TextKind.CLASSIFIED));
    }

    /**
     * The class of each pair; of one that is too long the longer text is cut first, as in training.
     *
     * @throws dev.temper.check.InvalidInputException as {@link #classify(List)}, and when neither the tokenizer nor the
     *     model tells two texts apart
     */
    public List<Classification> classifyPairs(List<TextPair> pairs) {
        return all("pair", tokens(both(pairs), TextKind.PAIR));
    }

    /** As {@link #classifyPairs}; empty for a pair with a token that the model does not have. */
    public List<Optional<Classification>> tryClassifyPairs(List<TextPair> pairs) {
        return results(tokens(both(pairs), TextKind.PAIR));
    }

    private List<RenderedText> single(List<String> texts) {
        return texts.stream().map(text -> new RenderedText(text, List.of())).toList();
    }

    private List<RenderedText> both(List<TextPair> pairs) {
        model.tokens(tokenizer -> {
            TextPair.verify(tokenizer, architecture);
            return tokenizer;
        });
        return pairs.stream()
                .map(pair -> RenderedText.ofPair(pair.text(), pair.pair()))
                .toList();
    }

    private List<Classification> all(String what, List<RowTokenizer.Result> tokens) {
        for (int i = 0; i < tokens.size(); i++) {
            if (tokens.get(i).rejection() != null) {
                throw invalid(
                        "%s %d cannot be classified: %s",
                        what, i + 1, tokens.get(i).rejection().detail());
            }
        }
        return results(tokens).stream().map(Optional::orElseThrow).toList();
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
                        float[][] logits = call.model().classify(stream(batch, rows));
                        for (int i = 0; i < logits.length; i++) {
                            results.set(batch.get(i), Optional.of(Classification.of(task(), logits[i], labels())));
                        }
                    }
                    return results;
                })
                .result();
    }

    private TokenStream stream(List<Integer> batch, List<RowTokenizer.Result> rows) {
        List<TokenRow> tokens =
                batch.stream().map(row -> rows.get(row).tokens()).toList();
        return TokenStream.of(
                tokens.stream().map(TokenRow::inputIds).toList(),
                tokens.stream()
                        .map(row -> architecture.tokenTypes(row.tokenTypes()))
                        .toList());
    }

    private List<RowTokenizer.Result> tokens(List<RenderedText> texts, TextKind kind) {
        List<Optional<String>> refusals = texts.stream().map(this::refusal).toList();
        List<RenderedText> taken = IntStream.range(0, texts.size())
                .mapToObj(i -> refusals.get(i).isEmpty() ? texts.get(i) : NOTHING)
                .toList();
        int vocabulary = architecture.sizes().vocabulary();
        List<RowTokenizer.Result> results = new ArrayList<>(model.tokens(
                tokenizer -> new RowTokenizer(tokenizer, kind, maxLength, TooLong.TRUNCATE, vocabulary).tokens(taken)));
        for (int i = 0; i < results.size(); i++) {
            if (refusals.get(i).isPresent()) {
                String detail = "it has " + refusals.get(i).get();
                results.set(
                        i,
                        new RowTokenizer.Result(null, new RejectedRowException(Reason.TOO_MANY_CHARACTERS, detail), 0));
            }
        }
        return results;
    }

    private Optional<String> refusal(RenderedText text) {
        return model.refusal(text.text())
                .or(() -> Optional.ofNullable(text.pair()).flatMap(model::refusal));
    }

    /** Ends calls under way, and frees the memory of model and tokenizer. */
    @Override
    public void close() {
        model.close();
    }
}
