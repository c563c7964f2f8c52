package dev.temper.eval;

import dev.temper.check.FailedRunException;
import dev.temper.generate.GenerationConfig;
import dev.temper.generate.Generator;
import dev.temper.kernel.FailedAllocationException;
import dev.temper.model.Network;
import dev.temper.text.TokenRow;
import dev.temper.text.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;

/**
 * The prompts that a model answers before, during and after training: those of the recipe, and those of some evaluation
 * rows.
 */
public final class Prompts {
    /** Prompts that are generated in one batch; more need more memory for the key/value cache. */
    private static final int MAX_BATCH = 16;

    private record Prompt(int number, int[] ids, String text, String expected) {}

    private final Tokenizer tokenizer;
    private final GenerationConfig config;
    private final Set<Integer> stop;
    private final List<Prompt> prompts = new ArrayList<>();
    private int batchSize = MAX_BATCH; // smaller after an allocation failed

    /**
     * A prompt of the recipe.
     *
     * @param text as it is shown
     * @param ids token ids to continue: of the text alone, or as rendered by the chat template
     */
    public record Question(String text, int[] ids) {}

    /**
     * @param evalRows evaluation rows; the prompts of the first {@code config.evalPrompts()} of them are answered
     * @param ends ids of tokens that end an answer, besides the tokenizer's end token
     */
    public Prompts(
            Tokenizer tokenizer,
            GenerationConfig config,
            List<Question> questions,
            List<TokenRow> evalRows,
            Set<Integer> ends) {
        this.tokenizer = tokenizer;
        this.config = config;
        this.stop = new HashSet<>(ends);
        for (Question question : questions) {
            prompts.add(new Prompt(prompts.size(), question.ids(), question.text(), ""));
        }
        if (tokenizer != null) {
            tokenizer.endToken().ifPresent(stop::add);
        }
        for (TokenRow row : evalRows.subList(0, Math.min(config.evalPrompts(), evalRows.size()))) {
            int[] ids = row.inputIds();
            int start = 1;
            while (start < ids.length && !row.trained()[start]) {
                start++;
            }
            int[] prompt = Arrays.copyOfRange(ids, 0, start);
            String expected = tokenizer.continuation(prompt, Arrays.copyOfRange(ids, start, ids.length));
            prompts.add(new Prompt(prompts.size(), prompt, tokenizer.decode(prompt), expected));
        }
    }

    /** No prompts. */
    public static Prompts none() {
        return new Prompts(null, GenerationConfig.greedy(1), List.of(), List.of(), Set.of());
    }

    /**
     * One occasion on which prompts are answered.
     *
     * @param step number of finished updates, recorded in the samples
     * @param seed of sampling
     * @param isOver checked after each token: whether to stop generating
     */
    public record Round(long step, long seed, BooleanSupplier isOver) {}

    /**
     * Answers this worker's share, every {@code workers}-th prompt starting at {@code rank}; fewer if the round is
     * stopped.
     */
    public List<Sample> answer(Network network, Round round, int rank, int workers) {
        List<Prompt> own =
                prompts.stream().filter(p -> p.number() % workers == rank).toList();
        List<Sample> samples = new ArrayList<>();
        while (samples.size() < own.size() && !round.isOver().getAsBoolean()) {
            int from = samples.size();
            List<Prompt> batch = own.subList(from, Math.min(from + batchSize, own.size()));
            try {
                samples.addAll(answer(network, batch, round));
            } catch (FailedAllocationException e) {
                halve(batch, e);
            } catch (CancellationException e) {
                return samples;
            }
        }
        return samples;
    }

    private List<Sample> answer(Network network, List<Prompt> batch, Round round) {
        List<int[]> ids = batch.stream().map(Prompt::ids).toList();
        List<int[]> answers =
                new Generator(network).generate(ids, config, stop, round.seed(), (prompt, token) -> check(round));
        List<Sample> samples = new ArrayList<>();
        for (int i = 0; i < batch.size(); i++) {
            Prompt prompt = batch.get(i);
            String text = tokenizer.continuation(prompt.ids(), answers.get(i));
            samples.add(new Sample(round.step(), prompt.number(), prompt.text(), text, prompt.expected()));
        }
        return samples;
    }

    private static void check(Round round) {
        if (round.isOver().getAsBoolean()) {
            throw new CancellationException("nobody wants the answers any more");
        }
    }

    private void halve(List<Prompt> batch, FailedAllocationException cause) {
        if (batch.size() == 1) {
            throw new FailedRunException(
                    String.format(
                            Locale.ROOT,
                            "out of memory: a prompt of %,d tokens and an answer of %,d do not fit; ask a shorter one,"
                                    + " lower generation.max_new_tokens, or give the worker more memory",
                            batch.get(0).ids().length,
                            config.maxNewTokens()),
                    cause);
        }
        batchSize = batch.size() / 2;
    }

    /** Whether there are no prompts. */
    public boolean isEmpty() {
        return prompts.isEmpty();
    }
}
