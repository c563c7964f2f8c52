package dev.temper.model;

import static dev.temper.check.Check.check;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.LossKernels.Head;
import dev.temper.kernel.Program;
import dev.temper.kernel.Workspace;
import dev.temper.safetensors.TensorFiles;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * A model in memory: its program and the dictionaries of its layers. Adapters add to the dictionaries; the programs do
 * not know about them.
 *
 * <p>Shapes: a stream of {@code T} tokens -> hidden states {@code (1, T, D)} -> logits {@code (N, V)}.
 */
public final class Network implements AutoCloseable {
    /** In front of the keys of the output head's low-rank update, tied to the embedding or not. */
    public static final String HEAD_UPDATE = "lm_head.";

    private static final String DROPOUT_KEYS = "dropout_keys";
    private static final long NOISE_SALT = SplitMix.mix("noise".hashCode()); // or noise would follow a mask

    private final Workspace workspace;
    private final Architecture architecture;
    private final NetworkWeights weights;
    private final Program program;
    private final NDArray logitCap;
    private final LayerWeights shared;
    private final List<LayerWeights> layers;

    private Network(NetworkWeights weights) {
        this.weights = weights;
        this.workspace = weights.workspace();
        this.architecture = weights.architecture();
        this.program = workspace.compile(architecture.program(), architecture.attributes());
        this.logitCap = workspace.scalar((float) architecture.logitCap());
        this.shared = weights.dictionary(Parameter.SHARED);
        this.layers = IntStream.range(0, architecture.sizes().layers())
                .mapToObj(weights::dictionary)
                .toList();
    }

    /**
     * The model of a folder, all weights frozen.
     *
     * @throws dev.temper.check.InvalidInputException when config.json or the weights are missing, damaged or do not
     *     belong together
     */
    public static Network open(Workspace workspace, Path folder) throws IOException {
        Architecture architecture = Architecture.read(Folder.local(folder));
        TensorFiles files = ModelWeights.open(folder);
        ModelWeights.verify(architecture, files.index(), folder.toString());
        return load(workspace, architecture, files);
    }

    /** All weights frozen, on the mapped files, and in 4 bits where they were saved so; computes in float32. */
    public static Network load(Workspace workspace, Architecture architecture, TensorFiles files) throws IOException {
        return new StoredModel(architecture, files, NewHead.none()).load(workspace);
    }

    /** All weights trained, copied into {@code trained}, which has a place for each. */
    public static Network load(
            Workspace workspace, Architecture architecture, TensorFiles files, TrainedParameters trained)
            throws IOException {
        return load(workspace, new StoredModel(architecture, files, NewHead.none()), trained);
    }

    /** All weights trained, those of a new head or of added tokens from their start on. */
    static Network load(Workspace workspace, StoredModel stored, TrainedParameters trained) throws IOException {
        return new Network(NetworkWeights.trained(workspace, stored, trained));
    }

    static Network load(Workspace workspace, StoredModel stored, Predicate<Parameter> isBrought) throws IOException {
        return new Network(NetworkWeights.frozen(workspace, stored, isBrought));
    }

    /** As {@link NetworkWeights#train}. */
    public void train(Parameter parameter, TrainedParameters trained, String name) {
        weights.train(parameter, trained, name);
    }

    /** As {@link NetworkWeights#replace}. */
    public void replace(Parameter parameter, NDArray values) {
        weights.replace(parameter, values);
    }

    /**
     * Its embedding and its output head.
     *
     * @throws java.util.NoSuchElementException when all weights are trained
     */
    public TokenTables tables() {
        return weights.tables().orElseThrow();
    }

    /** The dictionary of a layer, or of what lies outside the layers for {@link Parameter#SHARED}. */
    public LayerWeights dictionary(int layer) {
        return weights.dictionary(layer);
    }

    /** A parameter's values in float32; a quantized one's in memory of their own. */
    public NDArray weight(Parameter parameter) {
        return weights.weight(parameter);
    }

    NetworkWeights weights() {
        return weights;
    }

    /** The type that layers compute in. */
    public FloatType precision() {
        return weights.precision();
    }

    public Architecture architecture() {
        return architecture;
    }

    public Workspace workspace() {
        return workspace;
    }

    /** What of a stream is the same for all layers. */
    public Inputs inputs(TokenStream stream) {
        int[] lengths = new int[stream.documents()];
        for (int i = 0; i < lengths.length; i++) {
            lengths[i] = stream.positions()[stream.segments()[i + 1] - 1] + 1;
        }
        checkPositions(lengths);
        NDArray rotary = architecture
                .rotary()
                .map(r -> workspace.floats(r.table(stream, lengths), r.shape(stream)))
                .orElseGet(() -> workspace.scalar(0));
        return new Inputs(
                workspace.ints(stream.ids()),
                workspace.ints(stream.positions()),
                workspace.ints(stream.segments()),
                rotary,
                tokenTypes(stream),
                Optional.empty());
    }

    private void checkPositions(int[] lengths) {
        int longest = Arrays.stream(lengths).max().orElse(0);
        check(
                longest <= architecture.maxTokens(),
                "a text of %d tokens is longer than the %d positions of a %s model: cut it, or name another base",
                longest,
                architecture.maxTokens(),
                architecture.modelType());
    }

    private Map<String, NDArray> tokenTypes(TokenStream stream) {
        if (stream.tokenTypes().length == 0) {
            return Map.of();
        }
        check(architecture.hasTokenTypes(), "a %s model has no token types: leave them out", architecture.modelType());
        return Map.of("token_type_ids", workspace.ints(stream.tokenTypes()));
    }

    /**
     * ids, positions (T) and segments (S + 1) int64; rotary (2, T, E) float32, or (4, T, E) when near layers turn in
     * another way.
     *
     * @param extras further entries of every dictionary, (T) int64: {@code dropout_keys} while training, and
     *     {@code token_type_ids} where the stream has them; {@code noise_keys} and {@code noise} (T, 1) float32 while
     *     training with noise
     * @param kept (S) int64, the only tokens whose output the last layer computes; empty: it computes all
     */
    public record Inputs(
            NDArray ids,
            NDArray positions,
            NDArray segments,
            NDArray rotary,
            Map<String, NDArray> extras,
            Optional<NDArray> kept) {}

    /**
     * Keys and values of earlier tokens, layer by layer, one array per sequence: {@code (1, K, capacity, E)}.
     *
     * @param past (S) int64, tokens that each sequence's arrays hold
     */
    public record Cache(NDArray past, List<NDArray> keys, List<NDArray> values) {}

    /**
     * As {@link #inputs(TokenStream)}, with what layers need while training.
     *
     * @param keys (T) per token, where its dropout masks and its noise come from
     * @param noiseAlpha as in {@link Regularization}
     */
    Inputs inputs(TokenStream stream, long[] keys, double noiseAlpha) {
        Inputs inputs = inputs(stream);
        Map<String, NDArray> extras = new HashMap<>(inputs.extras());
        extras.put(DROPOUT_KEYS, workspace.ints(keys));
        if (noiseAlpha > 0) {
            long[] own = LongStream.of(keys)
                    .map(key -> SplitMix.mix(key ^ NOISE_SALT))
                    .toArray();
            extras.put("noise_keys", workspace.ints(own));
            extras.put("noise", workspace.floats(noise(stream, noiseAlpha), new Shape(own.length, 1)));
        }
        return with(inputs, extras, Optional.empty());
    }

    /** Per token, the most that is added to its embedding, by the length of its document. */
    private float[] noise(TokenStream stream, double alpha) {
        float[] most = new float[stream.length()];
        for (int i = 0; i < stream.documents(); i++) {
            int start = stream.segments()[i];
            int end = stream.segments()[i + 1];
            double elements = (double) (end - start) * architecture.sizes().width();
            Arrays.fill(most, start, end, (float) (alpha / Math.sqrt(elements)));
        }
        return most;
    }

    private static Inputs with(Inputs inputs, Map<String, NDArray> extras, Optional<NDArray> kept) {
        return new Inputs(inputs.ids(), inputs.positions(), inputs.segments(), inputs.rotary(), extras, kept);
    }

    /**
     * When one token of each document is classified that sees the whole document, the last layer computes nothing but
     * that token: for BERT-base a fourteenth of all products is saved.
     *
     * @param keep (S) int64
     */
    Inputs classified(Inputs inputs, NDArray keep) {
        int last = layers.size() - 1;
        boolean isNarrow = architecture.windows().get(last) < 0 && last > 0;
        return isNarrow ? with(inputs, inputs.extras(), Optional.of(keep)) : inputs;
    }

    /** (1, T, D), before the first layer. */
    public NDArray embed(Inputs inputs) {
        return program.call("embed")
                .with(inputs.ids())
                .with(inputs.positions())
                .with("w", with(shared, inputs.extras()))
                .run()
                .get(0);
    }

    /** (1, T, D) -> (1, T, D) through one layer; (1, S, D) through the last one where only some tokens are kept. */
    public NDArray layer(int layer, NDArray x, Inputs inputs) {
        Map<String, NDArray> extras = new HashMap<>(inputs.extras());
        if (layer == layers.size() - 1) {
            inputs.kept().ifPresent(kept -> extras.put("kept", kept));
        }
        return program.call("layer")
                .with(x)
                .with(inputs.rotary())
                .with(inputs.segments())
                .with("w", with(layers.get(layer), extras))
                .run()
                .get(0);
    }

    /**
     * Logits (S, V) of the token that follows each sequence, with and into a cache. All of it is one call, as a token
     * is little work; it runs inside {@link Workspace#inferred} only.
     */
    public NDArray decode(Inputs inputs, Cache cache) {
        return program.call("decode")
                .with(inputs.ids())
                .with(inputs.positions())
                .with(inputs.rotary())
                .with(inputs.segments())
                .with(cache.past())
                .with("k", cache.keys())
                .with("v", cache.values())
                .with("w", shared.arrays())
                .with(shared.get(architecture.head()))
                .withEach(layers.stream().map(LayerWeights::arrays).toList())
                .run()
                .get(0);
    }

    private static Map<String, NDArray> with(LayerWeights layer, Map<String, NDArray> extra) {
        if (extra.isEmpty()) {
            return layer.arrays();
        }
        Map<String, NDArray> all = new HashMap<>(layer.arrays());
        all.putAll(extra);
        return all;
    }

    /** Normalized hidden states of some positions: x (1, T, D), keep (N) int64 -> (N, D). */
    public NDArray finalNorm(NDArray x, NDArray keep) {
        return program.call("final_norm")
                .with(x)
                .with(keep)
                .with("w", shared.arrays())
                .run()
                .get(0);
    }

    /**
     * Logits of a model that classifies: x (1, T, D), keep (S) int64, one position of each document -> (S, C).
     *
     * @param x what the last layer gives, by these inputs
     */
    NDArray classify(NDArray x, NDArray keep, Inputs inputs) {
        NDArray places = inputs.kept().isPresent()
                ? workspace.ints(LongStream.range(0, keep.size()).toArray())
                : keep;
        Map<String, NDArray> extras = new HashMap<>(inputs.extras());
        extras.computeIfPresent(DROPOUT_KEYS, (name, keys) -> keys.take(keep));
        return program.call("classify")
                .with(x)
                .with(places)
                .with("w", with(shared, extras))
                .run()
                .get(0);
    }

    /** Logits of each document, {@code [S][C]}, by a model that classifies. */
    public float[][] classify(TokenStream stream) {
        Classifier classifier = architecture.classifier().orElseThrow();
        return Workspace.scoped(() -> {
            NDArray keep = workspace.ints(classifier.positions(stream));
            Inputs inputs = classified(inputs(stream), keep);
            float[] flat = classify(hidden(inputs), keep, inputs).toFloatArray();
            int classes = classifier.task().numLabels();
            float[][] logits = new float[stream.documents()][];
            for (int i = 0; i < logits.length; i++) {
                logits[i] = Arrays.copyOfRange(flat, i * classes, (i + 1) * classes);
            }
            return logits;
        });
    }

    /** What the last layer gives, (1, T, D) or (1, S, D). */
    NDArray hidden(Inputs inputs) {
        NDArray x = embed(inputs);
        for (int layer = 0; layer < layers.size(); layer++) {
            NDArray next = layer(layer, x, inputs);
            x.close(); // or those of all layers would be there at the end
            x = next;
        }
        return x;
    }

    /** Adds the gradient of what entered the first layer to the embeddings' gradients, where these are trained. */
    void embedBackward(Inputs inputs, NDArray gradient, Map<String, NDArray> gradients) {
        Map<String, NDArray> all = new HashMap<>(gradients);
        all.putAll(inputs.extras());
        for (String name : architecture.dropouts().keySet()) {
            String key = name + ".dropout";
            Optional.ofNullable(shared.get(key)).ifPresent(settings -> all.put(key, settings));
        }
        program.call("embed_backward")
                .with(inputs.ids())
                .with(inputs.positions())
                .with(workspace.tensors().cast(gradient, FloatType.FLOAT32))
                .with("g", all)
                .run();
    }

    /** The output head. */
    public Head head() {
        return new Head(shared.get(architecture.head()), logitCap, shared.beginningWith(HEAD_UPDATE));
    }

    /** What the head sees of some positions' hidden states h (N, D), keep (N) int64, while training. */
    NDArray headInput(NDArray h, NDArray keep, Inputs inputs) {
        Map<String, NDArray> extras = new HashMap<>();
        Optional.ofNullable(inputs.extras().get(DROPOUT_KEYS))
                .ifPresent(keys -> extras.put(DROPOUT_KEYS, keys.take(keep)));
        return workspace.losses().extended(h, head(), extras);
    }

    /** Logits (N, V) of some positions, all of them in memory: for tests and generation. */
    public NDArray logits(TokenStream stream, int[] keep) {
        NDArray x = hidden(inputs(stream));
        return workspace.losses().logits(finalNorm(x, workspace.ints(keep)), head());
    }

    @Override
    public void close() {
        weights.close();
        program.close();
    }
}
