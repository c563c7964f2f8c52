package dev.temper.inference;

import static dev.temper.check.Check.check;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How a model is opened.
 *
 * @param adapter folder of an adapter over the model, ours or PEFT's
 * @param labels names of the classes of the adapter's head, in their order, where the model below does not have them;
 *     empty: those of the model
 * @param threads threads of one operator; several models in a process share the cores better with fewer each
 * @param batchTokens tokens of prompts or texts that are computed together; memory grows with it. A text that is longer
 *     is computed alone
 * @param maxLength tokens at which a text to classify is cut, as {@code data.max_length} in training; the model's
 *     positions when empty
 * @param chatTemplate text of the template that conversations are written with, instead of the one that the folder of
 *     the tokenizer has
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

    public Options withAdapter(Path folder) {
        return new Options(Optional.of(folder), labels, threads, batchTokens, maxLength, chatTemplate);
    }

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

    public Options withChatTemplate(String text) {
        return new Options(adapter, labels, threads, batchTokens, maxLength, Optional.of(text));
    }
}
