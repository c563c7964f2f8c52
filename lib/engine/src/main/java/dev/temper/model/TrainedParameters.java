package dev.temper.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All trained weights in one block of memory, layer by layer, and their gradients, float32, in another of the same
 * layout: one block to sum over workers, a few large slices to update. Where weights are float32 and products are
 * computed in another type, there may be a copy of the weights in that type: gradients are those of the copy.
 */
public final class TrainedParameters {
    /** A weight to be trained; named as in the file it is saved to. */
    public record Spec(String name, Shape shape, int layer, boolean isDecayed) {
        /** How many elements it has. */
        public long elements() {
            return shape.size();
        }
    }

    /** Neighbouring parameters with the same weight decay. */
    public record Group(NDArray weights, NDArray gradients, boolean isDecayed) {}

    private final Map<String, Spec> specs = new LinkedHashMap<>();
    private final Map<String, NDArray> weights = new LinkedHashMap<>();
    private final Map<String, NDArray> gradients = new LinkedHashMap<>();
    private final List<Group> groups = new ArrayList<>();
    private final Workspace workspace;
    private final FloatType precision;
    private final FloatType type;
    private final Map<String, NDArray> copies = new LinkedHashMap<>(); // empty until they are asked for
    private final List<Runnable> followers = new ArrayList<>();
    private final NDArray flatWeights;
    private final NDArray flatGradients;
    private NDArray flatCopy; // the weights themselves until there are copies

    /** Allocates zeros for all specs, in the order of their layers; weights and products are float32. */
    public TrainedParameters(Workspace workspace, List<Spec> unordered) {
        this(workspace, unordered, FloatType.FLOAT32);
    }

    /** As {@link #TrainedParameters(Workspace, List)}, with products of another type. */
    public TrainedParameters(Workspace workspace, List<Spec> unordered, FloatType precision) {
        this(workspace, unordered, precision, FloatType.FLOAT32);
    }

    /**
     * Allocates zeros for all specs, in the order of their layers.
     *
     * @param precision the type that products are computed in
     * @param type of the weights: float32, or bfloat16 without a more precise copy
     */
    public TrainedParameters(Workspace workspace, List<Spec> unordered, FloatType precision, FloatType type) {
        this.workspace = workspace;
        this.precision = precision;
        this.type = type;
        List<Spec> ordered = unordered.stream()
                .sorted(Comparator.comparingInt(Spec::layer).thenComparing(spec -> !spec.isDecayed()))
                .toList();
        long size = ordered.stream().mapToLong(spec -> spec.shape().size()).sum();
        flatWeights = workspace.empty(new Shape(size), type);
        workspace.tensors().clear(flatWeights);
        flatGradients = workspace.zeros(new Shape(size));
        flatCopy = flatWeights;
        long at = 0;
        long groupStart = 0;
        for (int i = 0; i < ordered.size(); i++) {
            Spec spec = ordered.get(i);
            long end = at + spec.shape().size();
            specs.put(spec.name(), spec);
            NDArray weight = Workspace.view(Workspace.slice(flatWeights, at, end), spec.shape());
            weight.setRequiresGradient(true);
            weights.put(spec.name(), weight);
            gradients.put(spec.name(), Workspace.view(Workspace.slice(flatGradients, at, end), spec.shape()));
            at = end;
            if (i + 1 == ordered.size() || ordered.get(i + 1).isDecayed() != spec.isDecayed()) {
                groups.add(new Group(
                        Workspace.slice(flatWeights, groupStart, at),
                        Workspace.slice(flatGradients, groupStart, at),
                        spec.isDecayed()));
                groupStart = at;
            }
        }
    }

    private void copy() {
        flatCopy = workspace.empty(flatWeights.getShape(), precision);
        long at = 0;
        for (Spec spec : specs.values()) {
            long end = at + spec.elements();
            if (spec.shape().dimension() > 1) {
                NDArray copy = Workspace.view(Workspace.slice(flatCopy, at, end), spec.shape());
                copy.setRequiresGradient(true);
                copies.put(spec.name(), copy);
            }
            at = end;
        }
        weightsChanged();
    }

    /** To be called after weights were written to: brings what programs see up to date. */
    public void weightsChanged() {
        Workspace.scoped(() -> {
            if (!copies.isEmpty()) {
                workspace.tensors().copy(flatWeights, flatCopy);
            }
            followers.forEach(Runnable::run);
            return null;
        });
    }

    /** From now on the rows of a matrix are a weight's rows, in the matrix's type. */
    void follow(String name, NDArray matrix, NDArray rows) {
        followers.add(() -> workspace.tensors().putRows(matrix, rows, Workspace.detach(weights.get(name))));
    }

    public Workspace workspace() {
        return workspace;
    }

    /** The type that products are computed in. */
    public FloatType precision() {
        return precision;
    }

    /** Of the weights. */
    public FloatType type() {
        return type;
    }

    /**
     * A weight as programs shall see it: of float32 weights a matrix in the type of the products, whose copy is made
     * when the first one is asked for; else the weight.
     */
    NDArray computed(String name) {
        if (copies.isEmpty() && new WeightPlacement.Types(precision, type).needCopy()) {
            copy();
        }
        return copies.getOrDefault(name, weights.get(name));
    }

    public boolean contains(String name) {
        return specs.containsKey(name);
    }

    /** The specs, in the order of memory. */
    public List<Spec> specs() {
        return List.copyOf(specs.values());
    }

    public NDArray weight(String name) {
        return weights.get(name);
    }

    /** A weight's values in float32, without a history; in memory of their own where weights are of another type. */
    public NDArray values(String name) {
        return workspace.tensors().cast(Workspace.detach(weights.get(name)), FloatType.FLOAT32);
    }

    /** Where the gradient of a weight is summed. */
    public NDArray gradient(String name) {
        return gradients.get(name);
    }

    /** Slices for the optimizer, in the order of memory. */
    public List<Group> groups() {
        return List.copyOf(groups);
    }

    /** Every gradient by itself. */
    public List<NDArray> gradients() {
        return List.copyOf(gradients.values());
    }

    public NDArray flatWeights() {
        return flatWeights;
    }

    public NDArray flatGradients() {
        return flatGradients;
    }

    /** Elements in all. */
    public long count() {
        return flatWeights.size();
    }

    public void clearGradients() {
        Workspace.scoped(() -> {
            workspace.tensors().clear(flatGradients);
            return null;
        });
    }
}
