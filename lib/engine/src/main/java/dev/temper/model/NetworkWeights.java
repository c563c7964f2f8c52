package dev.temper.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.quant.Nf4Tensor;
import dev.temper.safetensors.TensorInfo;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** The dictionaries of a network's layers: what is trained, and what is frozen in float32, 16 or 4 bits. */
final class NetworkWeights implements AutoCloseable {
    private final Workspace workspace;
    private final Architecture architecture;
    private final FloatType precision;
    private final LayerWeights shared = new LayerWeights();
    private final List<LayerWeights> layers = new ArrayList<>();
    private final QuantizedProjections quantized;
    private final Optional<TokenTables> tables; // empty when all is trained
    private final Set<Parameter> converted = new LinkedHashSet<>(); // projections in another type than is computed in

    private NetworkWeights(
            Workspace workspace, Architecture architecture, FloatType precision, Optional<StoredModel> stored) {
        this.workspace = workspace;
        this.architecture = architecture;
        this.tables = stored.map(model -> new TokenTables(workspace, model, shared));
        this.precision = precision;
        this.quantized = new QuantizedProjections(workspace, this::dictionary);
        shared.put("stream", workspace.empty(new Shape(1), precision));
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
            dictionary(layer).put(name + ".dropout", workspace.dropout(chance, SplitMix.mix(salt.hashCode())));
        }
    }

    /** As {@link StoredModel#load(Workspace, Predicate)}. */
    static NetworkWeights frozen(Workspace workspace, StoredModel stored, Predicate<Parameter> isTrained)
            throws IOException {
        NetworkWeights all =
                new NetworkWeights(workspace, stored.architecture(), stored.precision(), Optional.of(stored));
        FrozenCodes frozen = workspace.withinThreads(() -> FrozenCodes.of(stored, isTrained));
        for (Parameter parameter : stored.architecture().parameters()) {
            Optional<Nf4Tensor> codes = frozen.of(workspace, parameter);
            if (codes.isPresent()) {
                all.quantized.put(parameter, codes.get());
            } else {
                all.dictionary(parameter.layer()).put(parameter.key(), stored.dense(workspace, parameter));
                if (parameter.isProjection() && stored.isConverted(parameter)) {
                    all.converted.add(parameter);
                }
            }
        }
        return all;
    }

    /** All weights trained, copied into {@code trained}; those of a new head from its start on. */
    static NetworkWeights trained(Workspace workspace, StoredModel stored, TrainedParameters trained)
            throws IOException {
        NetworkWeights all =
                new NetworkWeights(workspace, stored.architecture(), trained.precision(), Optional.empty());
        for (Parameter parameter : stored.architecture().parameters()) {
            NDArray weight = trained.weight(parameter.name());
            if (stored.newHead().has(parameter)) {
                Workspace.scoped(() -> {
                    NDArray values = workspace.floats(stored.newHead().values(parameter), parameter.shape());
                    workspace.training().copy(values, weight);
                    return null;
                });
            } else if (stored.isGrown(parameter)) {
                TensorInfo tensor = stored.tensor(parameter).orElseThrow();
                AddedRows.read(workspace, stored.files(), tensor, weight, trained.type());
            } else {
                ModelWeights.read(workspace, stored.files(), parameter.name(), weight, trained.type());
            }
            all.train(parameter, trained, parameter.name());
        }
        trained.weightsChanged();
        return all;
    }

    /**
     * Puts what is trained in a parameter's place. The head of a classifier computes in float32: it sees few tokens.
     *
     * @param name of it among {@code trained}
     */
    void train(Parameter parameter, TrainedParameters trained, String name) {
        converted.remove(parameter);
        if (parameter.isProjection() && trained.type() != precision) {
            converted.add(parameter);
        }
        LayerWeights weights = dictionary(parameter.layer());
        free(parameter);
        boolean isHead = architecture
                .classifier()
                .filter(classifier -> classifier.owns(parameter))
                .isPresent();
        if (isHead) {
            weights.put(parameter.key(), trained.weight(name), trained.gradient(name));
        } else {
            weights.put(parameter.key(), trained, name);
        }
    }

    /** Puts other frozen values, float32, in the place of a parameter that is not quantized. */
    void replace(Parameter parameter, NDArray values) {
        converted.remove(parameter);
        boolean isMatrix = parameter.shape().dimension() > 1;
        NDArray kept = isMatrix ? workspace.training().cast(values, precision) : values;
        free(parameter);
        dictionary(parameter.layer()).put(parameter.key(), kept);
    }

    private void free(Parameter parameter) {
        if (architecture.hasRowPerToken(parameter)) {
            tables.ifPresent(frozen -> frozen.free(parameter));
        }
    }

    /** Its embedding and its output head; empty when all weights are trained. */
    Optional<TokenTables> tables() {
        return tables;
    }

    /** The dictionary of a layer, or of what lies outside the layers for {@link Parameter#SHARED}. */
    LayerWeights dictionary(int layer) {
        return layer == Parameter.SHARED ? shared : layers.get(layer);
    }

    /** A parameter's values in float32; a quantized one's in memory of their own. */
    NDArray weight(Parameter parameter) {
        if (quantized.has(parameter)) {
            return quantized.dense(parameter);
        }
        NDArray array = dictionary(parameter.layer()).master(parameter.key());
        return workspace.training().cast(array, FloatType.FLOAT32);
    }

    /** The type that layers compute in. */
    FloatType precision() {
        return precision;
    }

    /**
     * Gives the same projection of all layers one place to become dense in, where it is kept in 4 bits or in another
     * type than is computed in: to be called when what one layer records is differentiated before the next one records,
     * and not otherwise.
     */
    void shareDense() {
        Map<String, NDArray> places = new HashMap<>();
        Stream.concat(quantized.parameters().stream(), converted.stream()).forEach(parameter -> {
            String key = parameter.key() + ".dense";
            boolean isStoredTurned = parameter.isTransposed() && converted.contains(parameter); // as products take it
            Shape shape = isStoredTurned ? parameter.shape() : new Shape(parameter.outputs(), parameter.inputs());
            NDArray place = places.computeIfAbsent(key + shape, name -> workspace.empty(shape, precision));
            dictionary(parameter.layer()).put(key, place);
        });
    }

    /** Brings what is kept in another type to the one that is computed in; what is trained, after each update again. */
    void convert() {
        for (Parameter parameter : converted) {
            LayerWeights layer = dictionary(parameter.layer());
            if (layer.gradient(parameter.key()).isEmpty()) {
                layer.put(parameter.key(), workspace.training().cast(layer.get(parameter.key()), precision));
            }
        }
        converted.clear();
        shared.convert();
        layers.forEach(LayerWeights::convert);
    }

    Workspace workspace() {
        return workspace;
    }

    Architecture architecture() {
        return architecture;
    }

    @Override
    public void close() {
        quantized.close();
    }
}
