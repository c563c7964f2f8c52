package dev.temper.inference;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import dev.temper.generate.EndTokens;
import dev.temper.generate.GenerationConfig;
import dev.temper.generate.Generator;
import dev.temper.model.Network;
import dev.temper.model.SplitMix;
import dev.temper.storage.Folder;
import dev.temper.text.ChatFormat;
import dev.temper.text.RejectedRowException;
import dev.temper.text.StreamedText;
import dev.temper.text.Tokenizer.Added;
import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Generates text with a causal language model: continues prompts and answers conversations. Thread-safe; the model
 * computes for one call at a time, and all prompts of one call together.
 *
 * <p>Generation ends at the tokenizer's end token, at one of the {@code eos_token_id}s of generation_config.json (of
 * config.json if there is no such file), or after {@code maxNewTokens}. No other setting of that file is used:
 * temperature and the like are those of the call.
 *
 * <p>A call throws {@link java.util.concurrent.CancellationException} when its thread is interrupted, and
 * {@link IllegalStateException} when the generator is closed; both take effect after the token that is being computed.
 */
public final class TextGenerator implements AutoCloseable {
    /** Prompts that are generated in one batch; more need more memory for the key/value cache. */
    private static final int BATCH = 16;

    private final LoadedModel model;
    private final Options options;
    private final Set<Integer> ends;
    private final ChatFormat chat;
    private final int maxTokens;
    private final int vocabulary;

    private TextGenerator(LoadedModel model, Options options, Set<Integer> ends, ChatFormat chat) {
        this.model = model;
        this.maxTokens = model.architecture().maxTokens();
        this.vocabulary = model.architecture().sizes().vocabulary();
        this.options = options;
        this.ends = ends;
        this.chat = chat;
    }

    /** Opens a folder with {@link Options#defaults}. */
    public static TextGenerator open(Path folder) throws IOException {
        return open(folder, Options.defaults());
    }

    /**
     * Opens a model folder in Hugging Face's layout.
     *
     * @throws dev.temper.check.InvalidInputException when a file is missing, damaged or unsupported; the message names
     *     it
     */
    public static TextGenerator open(Path folder, Options options) throws IOException {
        LoadedModel model = LoadedModel.open(folder, options);
        try {
            check(
                    model.architecture().classifier().isEmpty(),
                    "%s holds a classifier, which continues no text",
                    folder);
            Folder files = Folder.local(folder);
            Set<Integer> ends = new HashSet<>(EndTokens.read(files));
            model.tokens(tokenizer -> tokenizer.endToken()).ifPresent(ends::add);
            return new TextGenerator(model, options, ends, chat(folder, options));
        } catch (IOException | RuntimeException | Error e) {
            model.close();
            throw e;
        }
    }

    private static ChatFormat chat(Path folder, Options options) throws IOException {
        return ModelFiles.of(Folder.local(folder), options).chat(options.chatTemplate(), today());
    }

    /**
     * Maximum number of tokens of prompt and answer that the model was trained for. Models without learned positions
     * can continue beyond it, with lower quality.
     */
    public int positions() {
        return model.architecture().sizes().maxPositions();
    }

    /** Whether the folder has a chat template, which conversations need. */
    public boolean hasChatTemplate() {
        return chat.hasTemplate();
    }

    /**
     * Generates the continuation of a prompt, without the prompt: appended to the prompt it gives the whole text. With
     * sampling, each call gives another text.
     */
    public String generate(String prompt, GenerationConfig config) {
        return generate(List.of(prompt), config).get(0);
    }

    /** Generates the continuation of each prompt. With sampling, each call gives other texts. */
    public List<String> generate(List<String> prompts, GenerationConfig config) {
        return generate(prompts, config, ThreadLocalRandom.current().nextLong());
    }

    /**
     * Generates the continuation of each prompt.
     *
     * @param seed of sampling: the same prompts and seed give the same texts
     */
    public List<String> generate(List<String> prompts, GenerationConfig config, long seed) {
        return answer(ids(prompts), config, seed);
    }

    /**
     * As {@link #generate(List, GenerationConfig, long)}; empty for a prompt that has no tokens, fills all positions of
     * the model, cannot be tokenized, or has a token id that the model does not have.
     */
    public List<Optional<String>> tryGenerate(List<String> prompts, GenerationConfig config, long seed) {
        return tryAnswer(
                prompts.stream()
                        .map(prompt -> model.refusal(prompt).isEmpty()
                                ? ids(List.of(prompt)).get(0)
                                : new int[0])
                        .toList(),
                config,
                seed);
    }

    private List<Optional<String>> tryAnswer(List<int[]> prompts, GenerationConfig config, long seed) {
        List<int[]> possible = prompts.stream().filter(this::isPossible).toList();
        Iterator<String> answers = answer(possible, config, seed).iterator();
        return prompts.stream()
                .map(ids -> isPossible(ids) ? Optional.of(answers.next()) : Optional.<String>empty())
                .toList();
    }

    private boolean isPossible(int[] ids) {
        return ids.length > 0 && ids.length < maxTokens && unknown(ids).isEmpty();
    }

    private OptionalInt unknown(int[] ids) {
        return model.tokens(tokenizer -> tokenizer.unknown(ids, vocabulary));
    }

    /** @throws dev.temper.check.InvalidInputException when a prompt has a token id that the model does not have */
    private void checkTokens(int[] prompt) {
        OptionalInt unknown = unknown(prompt);
        if (unknown.isPresent()) {
            throw invalid(
                    "the prompt '%s' cannot be continued: %s; leave that token out",
                    model.<String>tokens(tokenizer -> tokenizer.text(prompt)),
                    model.<String>tokens(tokenizer -> tokenizer.unknownReason(unknown.getAsInt(), vocabulary)));
        }
    }

    private List<int[]> ids(List<String> prompts) {
        for (int i = 0; i < prompts.size(); i++) {
            Optional<String> refusal = model.refusal(prompts.get(i));
            check(refusal.isEmpty(), "prompt %d cannot be continued: it has %s", i + 1, refusal.orElse(""));
        }
        return model.tokens(tokenizer -> tokenizer.ids(prompts, Added.SPECIAL_TOKENS));
    }

    /**
     * Generates the continuation of a prompt, and passes it to a consumer piece by piece in this thread. The pieces
     * together are the text of {@link #generate(String, GenerationConfig)}. Returns after the last piece. An exception
     * of the consumer ends the call.
     *
     * @param text receives non-empty pieces that never split a character
     */
    public void stream(String prompt, GenerationConfig config, Consumer<String> text) {
        answer(ids(List.of(prompt)).get(0), config, text);
    }

    /**
     * Answers a conversation, rendered by the tokenizer's chat template.
     *
     * @throws dev.temper.check.InvalidInputException when there is no template, or it rejects the messages
     */
    public String generateChat(List<ChatMessage> messages, GenerationConfig config) {
        return generateChat(
                        List.of(messages), config, ThreadLocalRandom.current().nextLong())
                .get(0);
    }

    /**
     * Answers each conversation.
     *
     * @param seed of sampling: the same conversations and seed give the same texts
     * @throws dev.temper.check.InvalidInputException when there is no template, or it rejects some messages
     */
    public List<String> generateChat(List<List<ChatMessage>> conversations, GenerationConfig config, long seed) {
        return answer(conversations.stream().map(this::chat).toList(), config, seed);
    }

    /** As {@link #generateChat(List, GenerationConfig)}, streamed as by {@link #stream}. */
    public void streamChat(List<ChatMessage> messages, GenerationConfig config, Consumer<String> text) {
        answer(chat(messages), config, text);
    }

    /**
     * Answers each conversation; empty for one that the template rejects, that fills all positions of the model, or
     * that has a token id which the model does not have.
     *
     * @throws dev.temper.check.InvalidInputException when there is no template
     */
    public List<Optional<String>> tryGenerateChat(
            List<List<ChatMessage>> conversations, GenerationConfig config, long seed) {
        checkTemplate();
        List<int[]> prompts = new ArrayList<>();
        for (List<ChatMessage> messages : conversations) {
            try {
                prompts.add(rendered(messages));
            } catch (RejectedRowException e) {
                prompts.add(new int[0]);
            }
        }
        return tryAnswer(prompts, config, seed);
    }

    /**
     * As {@link #tryGenerate}, of prompts that a chat template has written already: their special tokens are in them.
     */
    public List<Optional<String>> tryGenerateRendered(List<String> prompts, GenerationConfig config, long seed) {
        return tryAnswer(
                prompts.stream()
                        .map(prompt -> model.refusal(prompt).isEmpty() ? renderedIds(prompt) : new int[0])
                        .toList(),
                config,
                seed);
    }

    private int[] chat(List<ChatMessage> messages) {
        checkTemplate();
        try {
            return rendered(messages);
        } catch (RejectedRowException e) {
            throw invalid("the chat template refuses these messages: %s", e.detail());
        }
    }

    private void checkTemplate() {
        check(chat.hasTemplate(), "this model's tokenizer has no chat template: give it plain prompts");
    }

    /** The rendered text contains all special tokens, so none are added. */
    private int[] rendered(List<ChatMessage> messages) {
        String prompt = chat.at(today())
                .prompt(messages.stream().map(ChatMessage::fields).toList());
        model.refusal(prompt).ifPresent(why -> {
            throw new RejectedRowException(RejectedRowException.Reason.TOO_MANY_CHARACTERS, "it has " + why);
        });
        return renderedIds(prompt);
    }

    private int[] renderedIds(String prompt) {
        return model.tokens(tokenizer -> tokenizer.ids(List.of(prompt), Added.NOTHING))
                .get(0);
    }

    private List<String> answer(List<int[]> prompts, GenerationConfig config, long seed) {
        prompts.forEach(this::checkTokens);
        List<int[]> answers = model.thread()
                .<List<int[]>>submit(call -> {
                    Generator generator = new Generator(call.model());
                    List<int[]> all = new ArrayList<>();
                    for (List<int[]> batch : Batches.of(prompts, ids -> ids.length, options.batchTokens(), BATCH)) {
                        // Otherwise the first prompts of all batches would sample with the same random numbers.
                        long own = all.isEmpty() ? seed : SplitMix.mix(seed + all.size());
                        all.addAll(generator.generate(batch, config, ends, own, (prompt, token) -> call.check()));
                    }
                    return all;
                })
                .result();
        return model.tokens(tokenizer -> IntStream.range(0, prompts.size())
                .mapToObj(i -> tokenizer.continuation(prompts.get(i), answers.get(i)))
                .toList());
    }

    private void answer(int[] prompt, GenerationConfig config, Consumer<String> consumer) {
        checkTokens(prompt);
        BlockingQueue<OptionalInt> tokens = new LinkedBlockingQueue<>(); // empty: generation has ended
        long seed = ThreadLocalRandom.current().nextLong();
        ModelThread<Network>.Call<?> call = model.thread()
                .submit(
                        own -> new Generator(own.model())
                                .generate(List.of(prompt), config, ends, seed, (number, token) -> {
                                    own.check();
                                    tokens.add(OptionalInt.of(token));
                                }),
                        () -> tokens.add(OptionalInt.empty()));
        StreamedText text = model.tokens(tokenizer -> new StreamedText(tokenizer, prompt));
        try {
            for (OptionalInt token = tokens.take(); token.isPresent(); token = tokens.take()) {
                int id = token.getAsInt();
                give(model.tokens(tokenizer -> text.add(id)), consumer);
            }
            call.result();
            give(model.tokens(tokenizer -> text.end()), consumer);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw ModelThread.interrupted();
        } finally {
            call.cancel();
        }
    }

    private static void give(String piece, Consumer<String> consumer) {
        if (!piece.isEmpty()) {
            consumer.accept(piece);
        }
    }

    private static LocalDate today() {
        return LocalDate.now(ZoneId.systemDefault());
    }

    /** Fails running calls, and frees the memory of model and tokenizer. */
    @Override
    public void close() {
        model.close();
    }
}
