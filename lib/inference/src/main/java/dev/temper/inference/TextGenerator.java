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
 * Continues texts and answers conversations with a causal model. Any number of threads may call it; the model computes
 * for one call at a time, and the prompts of one call together.
 *
 * <p>An answer ends with the tokenizer's end token, with one of generation_config.json's {@code eos_token_id}
 * (config.json's where there is no such file), or after {@code maxNewTokens}. Nothing else of that file is applied:
 * temperature and the like are those of the call.
 *
 * <p>A call whose thread is interrupted ends with a {@link java.util.concurrent.CancellationException}, one whose model
 * is closed meanwhile with an {@link IllegalStateException}, both after the token under way.
 */
public final class TextGenerator implements AutoCloseable {
    /** Prompts continued at the same time; more need more memory for their keys and values. */
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

    /** As {@link #open(Path, Options)}, with {@link Options#defaults}. */
    public static TextGenerator open(Path folder) throws IOException {
        return open(folder, Options.defaults());
    }

    /**
     * Opens a model folder in Hugging Face's layout.
     *
     * @throws dev.temper.check.InvalidInputException when a file is missing, damaged or not supported, by its name
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

    /** Tokens of prompt and answer together that the model was made for; some go on behind them, and write worse. */
    public int positions() {
        return model.architecture().sizes().maxPositions();
    }

    /** Whether there is a chat template, so that it can answer conversations. */
    public boolean hasChatTemplate() {
        return chat.hasTemplate();
    }

    /**
     * The continuation of a prompt, without the prompt: behind it, together the whole text. Sampled text differs from
     * call to call.
     */
    public String generate(String prompt, GenerationConfig config) {
        return generate(List.of(prompt), config).get(0);
    }

    /** The continuation of each prompt. Sampled text differs from call to call. */
    public List<String> generate(List<String> prompts, GenerationConfig config) {
        return generate(prompts, config, ThreadLocalRandom.current().nextLong());
    }

    /**
     * The continuation of each prompt.
     *
     * @param seed the same prompts with the same seed give the same sampled texts
     */
    public List<String> generate(List<String> prompts, GenerationConfig config, long seed) {
        return answer(ids(prompts), config, seed);
    }

    /**
     * As {@link #generate(List, GenerationConfig, long)}; empty for a prompt without tokens, as long as the model, too
     * long to be tokenized, or with a token that it does not have.
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

    /** @throws dev.temper.check.InvalidInputException when a prompt has a token that the model does not have */
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
     * Hands over the continuation of a prompt piece by piece, in this thread; together the pieces are what
     * {@link #generate(String, GenerationConfig)} gives. Returns after the last one. An exception of the consumer ends
     * the call.
     *
     * @param text is never given half a character or an empty text
     */
    public void stream(String prompt, GenerationConfig config, Consumer<String> text) {
        answer(ids(List.of(prompt)).get(0), config, text);
    }

    /**
     * The answer to a conversation, which the chat template of the tokenizer writes for the model.
     *
     * @throws dev.temper.check.InvalidInputException when there is no template, or it refuses the messages
     */
    public String generateChat(List<ChatMessage> messages, GenerationConfig config) {
        return generateChat(
                        List.of(messages), config, ThreadLocalRandom.current().nextLong())
                .get(0);
    }

    /**
     * The answer to each conversation.
     *
     * @param seed the same conversations with the same seed give the same sampled texts
     * @throws dev.temper.check.InvalidInputException when there is no template, or it refuses some messages
     */
    public List<String> generateChat(List<List<ChatMessage>> conversations, GenerationConfig config, long seed) {
        return answer(conversations.stream().map(this::chat).toList(), config, seed);
    }

    /** As {@link #generateChat(List, GenerationConfig)}, piece by piece as {@link #stream} does. */
    public void streamChat(List<ChatMessage> messages, GenerationConfig config, Consumer<String> text) {
        answer(chat(messages), config, text);
    }

    /**
     * The answer to each conversation; empty for one that the template refuses, that is as long as the model, or that
     * has a token which it does not have.
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

    /** The template writes special tokens itself. */
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
                        // Else the first prompts of all batches would draw alike.
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
        BlockingQueue<OptionalInt> tokens = new LinkedBlockingQueue<>(); // empty: the last one has come
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

    /** Ends calls under way, and frees the memory of model and tokenizer. */
    @Override
    public void close() {
        model.close();
    }
}
