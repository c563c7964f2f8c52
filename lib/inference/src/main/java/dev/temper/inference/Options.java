package dev.temper.inference;

import static dev.temper.check.Check.check;

import dev.temper.model.ModelTask;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How a model is opened.
 *
 * @param adapter folder of an adapter over the model, ours or PEFT's
 * @param head what the adapter's head tells, where the model below does not tell it; empty: what the model does
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
        Optional<ModelTask> head,
        int threads,
        int batchTokens,
        OptionalInt maxLength,
        Optional<String> chatTemplate) {
    private static final int BATCH_TOKENS = 4096;

    public Options {
        check(head.isEmpty() || adapter.isPresent(), "labels are for an adapter's head, and there is no adapter");
        check(threads > 0, "threads must be positive, got %d", threads);
        check(batchTokens > 0, "batchTokens must be positive, got %d", batchTokens);
    }

    /** No adapter, all cores, the folder's chat template. */
    public static Options defaults() {
        int cores = Runtime.getRuntime().availableProcessors();
        return new Options(
                Optional.empty(), Optional.empty(), cores, BATCH_TOKENS, OptionalInt.empty(), Optional.empty());
    }

    /** A copy with an adapter. */
    public Options withAdapter(Path folder) {
        return new Options(Optional.of(folder), head, threads, batchTokens, maxLength, chatTemplate);
    }

    /** @param names of the classes of the adapter's head, in their order; empty: what the model below has */
    public Options withLabels(List<String> names) {
        return withHead(Optional.of(names).filter(some -> !some.isEmpty()).map(ModelTask::classification));
    }

    /** @param told by the adapter's head; empty: what the model below tells */
    public Options withHead(Optional<ModelTask> told) {
        return new Options(adapter, told, threads, batchTokens, maxLength, chatTemplate);
    }

    public Options withThreads(int count) {
        return new Options(adapter, head, count, batchTokens, maxLength, chatTemplate);
    }

    public Options withBatchTokens(int tokens) {
        return new Options(adapter, head, threads, tokens, maxLength, chatTemplate);
    }

    public Options withMaxLength(int tokens) {
        return new Options(adapter, head, threads, batchTokens, OptionalInt.of(tokens), chatTemplate);
    }

    /** A copy with the text of a chat template. */
    public Options withChatTemplate(String text) {
        return new Options(adapter, head, threads, batchTokens, maxLength, Optional.of(text));
    }
}
