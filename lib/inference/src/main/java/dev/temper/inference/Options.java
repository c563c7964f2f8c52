package dev.temper.inference;

import static dev.temper.check.Check.check;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How a model is opened.
 *
 * @param adapter folder of an adapter for the model, written by Temper or PEFT
 * @param labels names of the classes of the adapter's head in the order of training, where the model's config has none;
 *     empty: those of the model
 * @param threads number of threads for each operator; several models in one process should have fewer each
 * @param batchTokens tokens of prompts or texts that are computed together; memory grows with it. A longer text is
 *     computed alone
 * @param maxLength tokens at which a text to classify is truncated, as {@code data.max_length} in training; empty: the
 *     model's maximum number of positions
 * @param chatTemplate text of a chat template to use instead of the one in the tokenizer's folder
 */
public record Options(
        Optional<Path> adapter,
        List<String> labels,
        int threads,
        int batchTokens,
        OptionalInt maxLength,
        Optional<String> chatTemplate) {
    private static final int BATCH_TOKENS = 4096;

    public Options {
        check(labels.isEmpty() || adapter.isPresent(), "labels are for an adapter's head, and there is no adapter");
        check(threads > 0, "threads must be positive, got %d", threads);
        check(batchTokens > 0, "batchTokens must be positive, got %d", batchTokens);
        labels = List.copyOf(labels);
    }

    /** No adapter, all cores, the folder's chat template. */
    public static Options defaults() {
        int cores = Runtime.getRuntime().availableProcessors();
        return new Options(Optional.empty(), List.of(), cores, BATCH_TOKENS, OptionalInt.empty(), Optional.empty());
    }

    /** A copy with an adapter. */
    public Options withAdapter(Path folder) {
        return new Options(Optional.of(folder), labels, threads, batchTokens, maxLength, chatTemplate);
    }

    /** A copy with names of the classes of the adapter's head. */
    public Options withLabels(List<String> names) {
        return new Options(adapter, names, threads, batchTokens, maxLength, chatTemplate);
    }

    public Options withThreads(int count) {
        return new Options(adapter, labels, count, batchTokens, maxLength, chatTemplate);
    }

    public Options withBatchTokens(int tokens) {
        return new Options(adapter, labels, threads, tokens, maxLength, chatTemplate);
    }

    public Options withMaxLength(int tokens) {
        return new Options(adapter, labels, threads, batchTokens, OptionalInt.of(tokens), chatTemplate);
    }

    /** A copy with the text of a chat template. */
    public Options withChatTemplate(String text) {
        return new Options(adapter, labels, threads, batchTokens, maxLength, Optional.of(text));
    }
}
