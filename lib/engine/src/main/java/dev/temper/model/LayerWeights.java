package dev.temper.model;

import ai.djl.ndarray.NDArray;
import dev.temper.kernel.LossKernels.Trained;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** The dictionary that a layer's program sees, and which of its arrays are trained. */
public final class LayerWeights {
    private final Map<String, NDArray> arrays = new LinkedHashMap<>();
    private final Map<String, NDArray> gradients = new LinkedHashMap<>();
    private final Map<String, Source> sources = new HashMap<>();

    /** Where an array comes from that is updated. */
    private record Source(TrainedParameters parameters, String name) {}

    /** Adds a frozen array or a setting. */
    public void put(String key, NDArray array) {
        arrays.put(key, array);
    }

    /** Adds an array that is trained; in place of a frozen one, if there is one. */
    public void put(String key, NDArray array, NDArray gradient) {
        arrays.put(key, array);
        gradients.put(key, gradient);
        sources.remove(key);
    }

    /**
     * Adds an array that is trained.
     *
     * @param name of it among the parameters
     */
    public void put(String key, TrainedParameters parameters, String name) {
        put(key, parameters.weight(name), parameters.gradient(name));
        sources.put(key, new Source(parameters, name));
    }

    /** What is updated of a trained array; any other array itself. */
    NDArray master(String key) {
        Source source = sources.get(key);
        return source == null ? arrays.get(key) : source.parameters().weight(source.name());
    }

    /** From now on programs see trained arrays in the type that is computed in. */
    void convert() {
        sources.forEach((key, source) -> arrays.put(key, source.parameters().computed(source.name())));
    }

    public Map<String, NDArray> arrays() {
        return Collections.unmodifiableMap(arrays);
    }

    public NDArray get(String key) {
        return arrays.get(key);
    }

    /** The arrays whose keys begin so. */
    Map<String, NDArray> beginningWith(String start) {
        Map<String, NDArray> some = new HashMap<>(arrays);
        some.keySet().removeIf(key -> !key.startsWith(start));
        return some;
    }

    /** Where the gradient of a trained array is summed; empty for a frozen one. */
    public Optional<NDArray> gradient(String key) {
        return Optional.ofNullable(gradients.get(key));
    }

    /** What is trained here, with the places of its gradients. */
    public Trained trained() {
        return trained(key -> true);
    }

    Trained trained(Predicate<String> isWanted) {
        List<String> names = gradients.keySet().stream().filter(isWanted).toList();
        return new Trained(
                names.stream().map(arrays::get).toList(),
                names.stream().map(gradients::get).toList());
    }
}
