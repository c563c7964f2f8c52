package dev.temper.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.temper.kernel.TrainingKernels.AdamWState;
import dev.temper.kernel.TrainingKernels.AdamWStep;
import dev.temper.kernel.Workspace;
import dev.temper.model.TrainedParameters;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorWriter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Adam with decoupled weight decay, fused over all parameters; norms and biases are not decayed.
 *
 * @see <a href="https://arxiv.org/abs/1711.05101">Decoupled Weight Decay Regularization</a>
 */
public final class AdamW {
    private static final long MAX_SLICE = 1L << 28; // floats: a buffer ends at 2 GiB

    private final Workspace workspace;
    private final TrainingConfig config;
    private final List<AdamWState> decayed = new ArrayList<>();
    private final List<AdamWState> notDecayed = new ArrayList<>();

    public AdamW(Workspace workspace, TrainedParameters parameters, TrainingConfig config) {
        this.workspace = workspace;
        this.config = config;
        addState(parameters.groups().stream().filter(TrainedParameters.Group::isDecayed), decayed);
        addState(parameters.groups().stream().filter(group -> !group.isDecayed()), notDecayed);
    }

    private void addState(Stream<TrainedParameters.Group> stream, List<AdamWState> states) {
        List<TrainedParameters.Group> groups = stream.toList();
        if (!groups.isEmpty()) {
            List<NDArray> weights = groups.stream()
                    .map(group -> Workspace.detach(group.weights()))
                    .toList();
            List<NDArray> gradients =
                    groups.stream().map(TrainedParameters.Group::gradients).toList();
            states.add(new AdamWState(weights, gradients, zeros(weights), zeros(weights), scalars(weights.size())));
        }
    }

    private List<NDArray> zeros(List<NDArray> like) {
        return like.stream()
                .map(array -> workspace.zeros(new Shape(array.size())))
                .toList();
    }

    private List<NDArray> scalars(int count) {
        List<NDArray> steps = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            steps.add(workspace.scalar(0));
        }
        return steps;
    }

    /**
     * One update in place.
     *
     * @param gradientNorm of the gradients, which are scaled down to {@code max_grad_norm} on the way; torch's formula
     */
    public void step(double learningRate, double gradientNorm) {
        double limit = config.maxGradNorm();
        double divisor = limit > 0 ? Math.max(1, (gradientNorm + 1e-6) / limit) : 1;
        Workspace.scoped(() -> {
            decayed.forEach(state -> update(state, learningRate, config.weightDecay(), divisor));
            notDecayed.forEach(state -> update(state, learningRate, 0, divisor));
            return null;
        });
    }

    /** Both moments and the number of updates, for a checkpoint; values are read when they are asked for. */
    List<TensorWriter.Tensor> state() {
        List<TensorWriter.Tensor> tensors = new ArrayList<>();
        slices().forEach((name, slice) ->
                tensors.add(new TensorWriter.Tensor(name, new long[] {slice.size()}, () -> Workspace.memory(slice))));
        return tensors;
    }

    /** Reads what {@link #state} gave. */
    void restore(TensorFiles files) throws IOException {
        for (Map.Entry<String, NDArray> slice : slices().entrySet()) {
            files.read(slice.getKey(), Workspace.memory(slice.getValue()));
        }
    }

    /** The state's memory in pieces that a buffer can hold. */
    private Map<String, NDArray> slices() {
        Map<String, NDArray> slices = new LinkedHashMap<>();
        addSlices("decayed", decayed, slices);
        addSlices("not_decayed", notDecayed, slices);
        return slices;
    }

    private static void addSlices(String group, List<AdamWState> states, Map<String, NDArray> slices) {
        for (AdamWState state : states) {
            cut(group + ".exp_avg", state.firstMoments(), slices);
            cut(group + ".exp_avg_sq", state.secondMoments(), slices);
            cut(group + ".step", state.steps(), slices);
        }
    }

    private static void cut(String name, List<NDArray> arrays, Map<String, NDArray> slices) {
        for (int i = 0; i < arrays.size(); i++) {
            NDArray flat = arrays.get(i).reshape(new Shape(-1));
            for (long from = 0; from < flat.size(); from += MAX_SLICE) {
                long to = Math.min(flat.size(), from + MAX_SLICE);
                slices.put(name + "." + i + "." + from, Workspace.slice(flat, from, to));
            }
        }
    }

    private void update(AdamWState state, double learningRate, double weightDecay, double divisor) {
        AdamWStep step = new AdamWStep(
                learningRate, config.adamBeta1(), config.adamBeta2(), weightDecay, config.adamEpsilon(), divisor);
        workspace.training().adamw(state, step);
    }
}
