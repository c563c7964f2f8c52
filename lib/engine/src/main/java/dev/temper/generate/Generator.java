package dev.temper.generate;

import static dev.temper.check.Check.check;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.temper.kernel.Workspace;
import dev.temper.model.Network;
import dev.temper.model.RotaryEmbedding;
import dev.temper.model.Sizes;
import dev.temper.model.TokenStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Continues several prompts at once. Keys and values of earlier tokens are cached, each sequence in arrays of its own,
 * so prompts of different lengths need no padding, and a sequence that ends leaves the others alone.
 *
 * <p>Where the rotary frequencies depend on the length of the text ({@code dynamic}), a step that changes them computes
 * the whole sequence again: the result is that of a forward pass over the whole text.
 */
public final class Generator {
    private final Network network;
    private final Workspace workspace;

    public Generator(Network network) {
        this.network = network;
        this.workspace = network.workspace();
    }

    /** Is told each new token of each prompt at once, and ends the call by an exception. */
    @FunctionalInterface
    public interface Listener {
        /** @param prompt its number in the call */
        void token(int prompt, int token);
    }

    /** One sequence under way. */
    private static final class Sequence {
        private final int number;
        private final int promptLength;
        private int[] tokens;
        private int cached;
        private final List<NDArray> keys = new ArrayList<>(); // per layer
        private final List<NDArray> values = new ArrayList<>();

        Sequence(int number, int[] prompt) {
            this.number = number;
            this.tokens = prompt;
            this.promptLength = prompt.length;
        }

        void append(int token) {
            tokens = Arrays.copyOf(tokens, tokens.length + 1);
            tokens[tokens.length - 1] = token;
        }

        int[] pending() {
            return Arrays.copyOfRange(tokens, cached, tokens.length);
        }

        int[] generated() {
            return Arrays.copyOfRange(tokens, promptLength, tokens.length);
        }
    }

    /**
     * The new tokens of each prompt, a stop token included.
     *
     * @param prompts at least one token each
     * @param stopTokens tokens that end a sequence
     */
    public List<int[]> generate(List<int[]> prompts, GenerationConfig config, Set<Integer> stopTokens, long seed) {
        return generate(prompts, config, stopTokens, seed, (prompt, token) -> {});
    }

    /** As {@link #generate(List, GenerationConfig, Set, long)}, with a listener. */
    public List<int[]> generate(
            List<int[]> prompts, GenerationConfig config, Set<Integer> stopTokens, long seed, Listener listener) {
        Sampler sampler = new Sampler(config, seed);
        return Workspace.scoped(() -> {
            List<Sequence> all = new ArrayList<>();
            for (int i = 0; i < prompts.size(); i++) {
                all.add(start(i, prompts.get(i), config.maxNewTokens()));
            }
            List<Sequence> active = new ArrayList<>(all);
            for (int step = 0; step < config.maxNewTokens() && !active.isEmpty(); step++) {
                int[] next = Workspace.scoped(() -> Workspace.inferred(() -> next(active, sampler)));
                for (int i = 0; i < next.length; i++) {
                    active.get(i).append(next[i]);
                    listener.token(active.get(i).number, next[i]);
                }
                active.removeIf(sequence -> stopTokens.contains(sequence.tokens[sequence.tokens.length - 1])
                        || sequence.tokens.length >= network.architecture().maxTokens());
            }
            return all.stream().map(Sequence::generated).toList();
        });
    }

    private Sequence start(int number, int[] prompt, int maxNewTokens) {
        check(prompt.length > 0, "generation.prompts: prompt %d has no tokens", number + 1);
        check(
                prompt.length < network.architecture().maxTokens(),
                "generation.prompts: prompt %d has %d tokens, the model has %d positions",
                number + 1,
                prompt.length,
                network.architecture().maxTokens());
        Sizes sizes = network.architecture().sizes();
        Sequence sequence = new Sequence(number, prompt);
        Shape shape = new Shape(1, sizes.numKeyValueHeads(), prompt.length + maxNewTokens, sizes.headSize());
        for (int layer = 0; layer < sizes.layers(); layer++) {
            sequence.keys.add(workspace.empty(shape, network.precision()));
            sequence.values.add(workspace.empty(shape, network.precision()));
        }
        return sequence;
    }

    /** The token that follows each sequence. */
    private int[] next(List<Sequence> active, Sampler sampler) {
        NDArray logits = step(active);
        if (sampler.isPlain()) {
            return Arrays.stream(workspace.losses().best(logits).toLongArray())
                    .mapToInt(Math::toIntExact)
                    .toArray();
        }
        float[] flat = logits.toFloatArray();
        int vocabulary = flat.length / active.size();
        return IntStream.range(0, active.size())
                .map(i -> {
                    float[] own = Arrays.copyOfRange(flat, i * vocabulary, (i + 1) * vocabulary);
                    return sampler.next(own, active.get(i).tokens, active.get(i).number);
                })
                .toArray();
    }

    /** Logits (S, V) of the token that follows each sequence. */
    private NDArray step(List<Sequence> active) {
        Optional<RotaryEmbedding> rotary = network.architecture().rotary();
        for (Sequence sequence : active) {
            if (sequence.cached > 0
                    && rotary.isPresent()
                    && !rotary.get().isSame(sequence.cached, sequence.tokens.length)) {
                sequence.cached = 0;
            }
        }
        TokenStream stream = TokenStream.of(
                active.stream().map(Sequence::pending).toList(),
                active.stream().mapToInt(sequence -> sequence.cached).toArray());
        Network.Inputs inputs = network.inputs(stream);
        NDArray past = workspace.ints(
                active.stream().mapToInt(sequence -> sequence.cached).toArray());
        active.forEach(sequence -> sequence.cached = sequence.tokens.length);
        return network.decode(inputs, cache(active, past));
    }

    private Network.Cache cache(List<Sequence> active, NDArray past) {
        List<NDArray> keys = new ArrayList<>();
        List<NDArray> values = new ArrayList<>();
        for (int layer = 0; layer < network.architecture().sizes().layers(); layer++) {
            for (Sequence sequence : active) {
                keys.add(sequence.keys.get(layer));
                values.add(sequence.values.get(layer));
            }
        }
        return new Network.Cache(past, keys, values);
    }
}
