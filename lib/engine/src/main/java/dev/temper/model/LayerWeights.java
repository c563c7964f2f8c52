package dev.temper.model;

import ai.djl.ndarray.NDArray;
import dev.temper.kernel.TrainingKernels.Trained;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The dictionary that a layer's program sees, and which of its arrays are trained. */
public final class LayerWeights {
    private final Map<String, NDArray> arrays = new LinkedHashMap<>();
    private final List<NDArray> trained = new ArrayList<>();
    private final List<NDArray> gradients = new ArrayList<>();

    /** Adds a frozen array or a setting. */
    public void put(String key, NDArray array) {
        arrays.put(key, array);
    }

    /** Adds an array that is trained. */
    public void put(String key, NDArray array, NDArray gradient) {
        arrays.put(key, array);
        trained.add(array);
        gradients.add(gradient);
    }

    public Map<String, NDArray> arrays() {
        return Collections.unmodifiableMap(arrays);
    }

    public NDArray get(String key) {
        return arrays.get(key);
    }

    /** What is trained here, with the places of its gradients. */
    public Trained trained() {
        return new Trained(trained, gradients);
    }
}
