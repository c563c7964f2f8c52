package dev.temper.model;

import ai.djl.ndarray.types.Shape;
import dev.temper.kernel.FloatType;
import dev.temper.model.Placement.Place;
import dev.temper.quant.Quantization;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;

/**
 * Where the parameters of a worker's model live, and in which type: decided here and nowhere else. Who loads a model
 * follows it, from the headers of its files; a plan of memory adds it up, from config.json.
 */
public final class WeightPlacement {
    private final Architecture architecture;
    private final Optional<Quantization> quantization;
    private final TrainedWeights trained;
    private final Types types;
    private final Map<Parameter, StoredTensor> stored = new LinkedHashMap<>();
    private final boolean isSavedInCodes;
    private final Map<Parameter, Placement> placements = new LinkedHashMap<>();

    /**
     * Types of a run.
     *
     * @param computed that layers compute in
     * @param trained of what is trained
     */
    public record Types(FloatType computed, FloatType trained) {
        /**
         * Whether programs see what is trained as a copy in the type that is computed in, unless they bring it there.
         */
        public boolean needCopy() {
            return trained == FloatType.FLOAT32 && computed != trained;
        }
    }

    /**
     * @param files what a model's files hold of each parameter
     * @param quantization how frozen projections become codes; of a base that was saved in codes, how these were made
     */
    public WeightPlacement(
            Architecture architecture,
            Function<Parameter, StoredTensor> files,
            Optional<Quantization> quantization,
            TrainedWeights trained,
            Types types) {
        this.architecture = architecture;
        this.quantization = quantization;
        this.trained = trained;
        this.types = types;
        architecture.parameters().forEach(parameter -> stored.put(parameter, files.apply(parameter)));
        this.isSavedInCodes = stored.values().stream().anyMatch(tensor -> tensor.form() == StoredTensor.Form.CODES);
        architecture.parameters().forEach(parameter -> placements.put(parameter, place(parameter)));
    }

    /** Where a parameter is while its model is trained. */
    public Placement of(Parameter parameter) {
        return placements.get(parameter);
    }

    private Placement place(Parameter parameter) {
        if (trained.isTrained(parameter)) {
            return Placement.trained(types.trained());
        }
        if (trained.replaced().contains(parameter)) {
            return Placement.held(parameter, types.computed());
        }
        Placement frozen = frozen(parameter);
        return trained.inRows().contains(parameter) ? frozen.withTrainedRows(types.computed()) : frozen;
    }

    /**
     * Where a parameter is when the base has been read, before anything is put in its place. A matrix stays on the
     * pages of its file if it can be used from there: in the type that is computed in, or in 16 bits for float32, which
     * is brought to it piece by piece. The other way round that would cost more than the product.
     */
    Placement frozen(Parameter parameter) {
        StoredTensor tensor = stored.get(parameter);
        boolean isSaved = parameter.isProjection() && tensor.form() == StoredTensor.Form.CODES;
        if (isSaved || isQuantizedNow(parameter)) {
            return new Placement(Place.CODES, types.computed());
        }
        FloatType usable = Placement.usable(parameter, types.computed());
        boolean isInPieces = parameter.shape().dimension() > 1
                && types.computed() == FloatType.FLOAT32
                && tensor.type().bytes() < Float.BYTES;
        FloatType type = isInPieces ? tensor.type() : usable;
        boolean isOnPages = tensor.form() == StoredTensor.Form.DENSE && tensor.type() == type;
        return new Placement(isOnPages ? Place.MAPPED : Place.HELD, type);
    }

    /**
     * Whether a parameter becomes codes when the model is loaded. What a base that was saved in codes has dense was
     * left out on purpose, as {@code llm_int8_skip_modules}.
     */
    boolean isQuantizedNow(Parameter parameter) {
        return quantization.isPresent()
                && !isSavedInCodes
                && isCovered(quantization.get(), parameter)
                && stored.get(parameter).form() != StoredTensor.Form.NOTHING
                && !trained.isTrained(parameter)
                && !trained.replaced().contains(parameter);
    }

    /** Whether a parameter would be in codes if nothing but an adapter were trained. */
    public boolean isCovered(Parameter parameter) {
        return quantization.filter(by -> isCovered(by, parameter)).isPresent();
    }

    static boolean isCovered(Quantization quantization, Parameter parameter) {
        return parameter.isProjection() && !quantization.skips(parameter.module());
    }

    /** How what is in codes was quantized, or will be; empty when nothing is. */
    public Optional<Quantization> quantization() {
        return quantization;
    }

    public Architecture architecture() {
        return architecture;
    }

    public TrainedWeights trained() {
        return trained;
    }

    public Types types() {
        return types;
    }

    /** Of all parameters that are there. */
    public long bytes(Place place) {
        return sum(at(place), this::bytes);
    }

    private long bytes(Parameter parameter) {
        Placement placement = of(parameter);
        long count = parameter.shape().size();
        return placement.place() == Place.CODES
                ? quantization.orElseThrow().bytes(count)
                : placement.type().bytes() * count;
    }

    /** Elements of all parameters that are there. */
    public long count(Place place) {
        return sum(at(place), parameter -> parameter.shape().size());
    }

    /** Weights that become codes when the model is loaded. */
    public long quantizedNow() {
        return sum(this::isQuantizedNow, parameter -> parameter.shape().size());
    }

    private Predicate<Parameter> at(Place place) {
        return parameter -> of(parameter).place() == place;
    }

    private long sum(Predicate<Parameter> which, ToLongFunction<Parameter> value) {
        return architecture.parameters().stream().filter(which).mapToLong(value).sum();
    }

    /**
     * Bytes of the matrices that projections become, in the type that is computed in, where every layer has its own.
     * What is trained and has a copy becomes none.
     */
    public long restoredBytes() {
        Predicate<Parameter> isRestored = parameter -> {
            boolean isCopied = of(parameter).place() == Place.TRAINED && types.needCopy();
            return !isCopied
                    && of(parameter).restored(parameter, types.computed()).isPresent();
        };
        return types.computed().bytes()
                * sum(isRestored, parameter -> parameter.shape().size());
    }

    /** The same where the layers share these matrices. */
    public long sharedRestoredBytes() {
        Map<String, Shape> shared = new LinkedHashMap<>();
        for (Parameter parameter : architecture.parameters()) {
            of(parameter)
                    .restored(parameter, types.computed())
                    .ifPresent(shape -> shared.put(sharedName(parameter, shape), shape));
        }
        return types.computed().bytes()
                * shared.values().stream().mapToLong(Shape::size).sum();
    }

    /** The name of a matrix that layers share: the same projection of all layers has one, if they are alike. */
    static String sharedName(Parameter parameter, Shape restored) {
        return parameter.key() + restored;
    }
}
