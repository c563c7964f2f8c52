package dev.temper.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.safetensors.TensorInfo;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** The dictionaries of a network's layers: what is trained, and what is frozen in float32, 16 or 4 bits. */
final class NetworkWeights implements AutoCloseable {
    private final Workspace workspace;
    private final Architecture architecture;
    private final FloatType precision;
    private final LayerWeights shared = new LayerWeights();
    private final List<LayerWeights> layers = new ArrayList<>();
    private final QuantizedProjections quantized;
    private final Optional<TokenTables> tables; // empty when all is trained
    private final Map<Parameter, Placement> placements = new LinkedHashMap<>();

    private NetworkWeights(
            Workspace workspace, Architecture architecture, FloatType precision, Optional<StoredModel> stored) {
        this.workspace = workspace;
        this.architecture = architecture;
        this.tables = stored.map(model -> new TokenTables(workspace, model, shared, placements));
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
    static NetworkWeights frozen(Workspace workspace, StoredModel stored, Predicate<Parameter> isBrought)
            throws IOException {
        NetworkWeights all =
                new NetworkWeights(workspace, stored.architecture(), stored.precision(), Optional.of(stored));
        WeightPlacement rule = stored.placement(isBrought);
        FrozenCodes codes = workspace.withinThreads(() -> FrozenCodes.of(stored, rule));
        for (Parameter parameter : stored.architecture().parameters()) {
            Placement placement = rule.frozen(parameter);
            all.placements.put(parameter, placement);
            if (placement.place() == Placement.Place.CODES) {
                all.quantized.put(parameter, codes.of(workspace, parameter));
            } else {
                NDArray values = stored.dense(workspace, parameter, placement);
                all.dictionary(parameter.layer()).put(parameter.key(), values);
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
                    workspace.tensors().copy(values, weight);
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
        LayerWeights weights = dictionary(parameter.layer());
        move(parameter, Placement.trained(trained.type()));
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
        Placement placement = Placement.held(parameter, precision);
        NDArray frozen = workspace.tensors().cast(values, placement.type());
        move(parameter, placement);
        dictionary(parameter.layer()).put(parameter.key(), frozen);
    }

    /** Frees what stands in a parameter's place, for something else. */
    private void move(Parameter parameter, Placement placement) {
        Placement before = placements.put(parameter, placement);
        if (before != null && before.place() == Placement.Place.HELD) {
            dictionary(parameter.layer()).get(parameter.key()).close();
        }
        tables.ifPresent(frozen -> frozen.moved(parameter));
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
        return workspace.tensors().cast(array, FloatType.FLOAT32);
    }

    /** The type that layers compute in. */
    FloatType precision() {
        return precision;
    }

    /**
     * Gives the same projection of all layers one place to become dense in, where it is in 4 bits or in another type
     * than is computed in: to be called when what one layer records is differentiated before the next one records, and
     * not otherwise.
     */
    void shareDense() {
        Map<String, NDArray> places = new HashMap<>();
        placements.forEach((parameter, placement) -> placement
                .restored(parameter, precision)
                .ifPresent(shape -> {
                    String name = WeightPlacement.sharedName(parameter, shape);
                    NDArray place = places.computeIfAbsent(name, any -> workspace.empty(shape, precision));
                    dictionary(parameter.layer()).put(parameter.key() + ".dense", place);
                }));
    }

    /** Brings matrices of another type to the one that is computed in; what is trained, after each update again. */
    void convert() {
        for (Parameter parameter : architecture.parameters()) {
            Placement placement = placements.get(parameter);
            boolean isOther = placement.place() != Placement.Place.CODES
                    && placement.restored(parameter, precision).isPresent();
            if (isOther && placement.place() == Placement.Place.TRAINED) {
                placements.put(parameter, Placement.trained(precision));
            } else if (isOther) {
                LayerWeights layer = dictionary(parameter.layer());
                layer.put(parameter.key(), workspace.tensors().cast(layer.get(parameter.key()), precision));
                placements.put(parameter, Placement.held(parameter, precision));
            }
        }
        shared.convert();
        layers.forEach(LayerWeights::convert);
    }

    /** Where its parameters are now. */
    Map<Parameter, Placement> placements() {
        return Map.copyOf(placements);
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
