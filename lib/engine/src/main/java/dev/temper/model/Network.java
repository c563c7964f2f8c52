package dev.temper.model;

import ai.djl.ndarray.NDArray;
import dev.temper.kernel.Program;
import dev.temper.kernel.TrainingKernels.Head;
import dev.temper.kernel.Workspace;
import dev.temper.safetensors.TensorFiles;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A model in memory: its program and the dictionaries of its layers. Adapters add to the dictionaries; the programs do
 * not know about them.
 *
 * <p>Shapes: a stream of {@code T} tokens -> hidden states {@code (1, T, D)} -> logits {@code (N, V)}.
 */
public final class Network implements AutoCloseable {
    private final Workspace workspace;
    private final Architecture architecture;
    private final Program program;
    private final NDArray logitCap;
    private final LayerWeights shared = new LayerWeights();
    private final List<LayerWeights> layers = new ArrayList<>();

    private Network(Workspace workspace, Architecture architecture) {
        this.workspace = workspace;
        this.architecture = architecture;
        this.program = workspace.compile(architecture.program(), architecture.attributes());
        this.logitCap = workspace.scalar((float) architecture.logitCap());
        for (int window : architecture.windows()) {
            LayerWeights layer = new LayerWeights();
            layer.put("window", workspace.ints(window));
            layers.add(layer);
        }
        architecture.dropouts().forEach(this::putDropout);
    }

    private void putDropout(String name, double chance) {
        for (int layer = Parameter.SHARED; chance > 0 && layer < layers.size(); layer++) {
            String salt = name + " of layer " + layer;
            dictionary(layer).put(name + ".dropout", workspace.dropout(chance, LabelledStream.mix(salt.hashCode())));
        }
    }

    /** All weights frozen, on the mapped files where they are float32. */
    public static Network load(Workspace workspace, Architecture architecture, TensorFiles files) throws IOException {
        Network network = new Network(workspace, architecture);
        for (Parameter parameter : architecture.parameters()) {
            network.dictionary(parameter.layer())
                    .put(parameter.key(), ModelWeights.read(workspace, files, parameter.name()));
        }
        return network;
    }

    /** All weights trained, copied into {@code trained}, which has a place for each. */
    public static Network load(
            Workspace workspace, Architecture architecture, TensorFiles files, TrainedParameters trained)
            throws IOException {
        Network network = new Network(workspace, architecture);
        for (Parameter parameter : architecture.parameters()) {
            NDArray weight = trained.weight(parameter.name());
            ModelWeights.read(workspace, files, parameter.name(), weight);
            network.dictionary(parameter.layer()).put(parameter.key(), weight, trained.gradient(parameter.name()));
        }
        return network;
    }

    /** The dictionary of a layer, or of what lies outside the layers for {@link Parameter#SHARED}. */
    public LayerWeights dictionary(int layer) {
        return layer == Parameter.SHARED ? shared : layers.get(layer);
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
        NDArray rotary = architecture
                .rotary()
                .map(r -> workspace.floats(r.table(stream, lengths), r.shape(stream)))
                .orElseGet(() -> workspace.scalar(0));
        return new Inputs(
                workspace.ints(stream.ids()),
                workspace.ints(stream.positions()),
                workspace.ints(stream.segments()),
                rotary,
                Map.of());
    }

    /**
     * ids, positions (T) and segments (S + 1) int64; rotary (2, T, E) float32, or (4, T, E) when near layers turn in
     * another way.
     *
     * @param training further entries of every layer's dictionary while training: {@code dropout_keys} (T) int64
     */
    public record Inputs(
            NDArray ids, NDArray positions, NDArray segments, NDArray rotary, Map<String, NDArray> training) {}

    /**
     * Keys and values of earlier tokens, layer by layer, one array per sequence: {@code (1, K, capacity, E)}.
     *
     * @param past (S) int64, tokens that each sequence's arrays hold
     */
    public record Cache(NDArray past, List<NDArray> keys, List<NDArray> values) {}

    /** As {@link #inputs(TokenStream)}, with what layers need while training. */
    Inputs inputs(LabelledStream batch) {
        Inputs inputs = inputs(batch.tokens());
        Map<String, NDArray> training = Map.of("dropout_keys", workspace.ints(batch.keys()));
        return new Inputs(inputs.ids(), inputs.positions(), inputs.segments(), inputs.rotary(), training);
    }

    /** (1, T, D), before the first layer. */
    public NDArray embed(Inputs inputs) {
        return program.call("embed")
                .with(inputs.ids())
                .with(inputs.positions())
                .with("w", with(shared, inputs.training()))
                .run()
                .get(0);
    }

    /** (1, T, D) -> (1, T, D) through one layer. */
    public NDArray layer(int layer, NDArray x, Inputs inputs) {
        return program.call("layer")
                .with(x)
                .with(inputs.rotary())
                .with(inputs.segments())
                .with("w", with(layers.get(layer), inputs.training()))
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

    /** Adds the gradient of what entered the first layer to the embeddings' gradients, where these are trained. */
    void embedBackward(Inputs inputs, NDArray gradient, Map<String, NDArray> gradients) {
        Map<String, NDArray> all = new HashMap<>(gradients);
        all.putAll(inputs.training());
        for (String name : architecture.dropouts().keySet()) {
            String key = name + ".dropout";
            Optional.ofNullable(shared.get(key)).ifPresent(settings -> all.put(key, settings));
        }
        program.call("embed_backward")
                .with(inputs.ids())
                .with(inputs.positions())
                .with(gradient)
                .with("g", all)
                .run();
    }

    /** The output head. */
    public Head head() {
        return new Head(shared.get(architecture.head()), logitCap);
    }

    /** Logits (N, V) of some positions, all of them in memory: for tests and generation. */
    public NDArray logits(TokenStream stream, int[] keep) {
        Inputs inputs = inputs(stream);
        NDArray x = embed(inputs);
        for (int layer = 0; layer < layers.size(); layer++) {
            x = layer(layer, x, inputs);
        }
        return workspace.training().logits(finalNorm(x, workspace.ints(keep)), head());
    }

    @Override
    public void close() {
        program.close();
    }
}
