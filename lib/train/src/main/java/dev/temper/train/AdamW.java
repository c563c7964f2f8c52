package dev.temper.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.temper.kernel.TrainingKernels.AdamWState;
import dev.temper.kernel.TrainingKernels.AdamWStep;
import dev.temper.kernel.Workspace;
import dev.temper.model.TrainedParameters;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Adam with decoupled weight decay, fused over all parameters; norms and biases are not decayed.
 *
 * @see <a href="https://arxiv.org/abs/1711.05101">Decoupled Weight Decay Regularization</a>
 */
final class AdamW implements Optimizer {
    private final Workspace workspace;
    private final TrainingConfig config;
    private final List<AdamWState> decayed = new ArrayList<>();
    private final List<AdamWState> notDecayed = new ArrayList<>();

    AdamW(Workspace workspace, TrainedParameters parameters, TrainingConfig config) {
        this(workspace, parameters.groups(), config);
    }

    /** @param groups what is updated; neighbouring parameters, or one */
    AdamW(Workspace workspace, List<TrainedParameters.Group> groups, TrainingConfig config) {
        this.workspace = workspace;
        this.config = config;
        addState(groups.stream().filter(TrainedParameters.Group::isDecayed), decayed);
        addState(groups.stream().filter(group -> !group.isDecayed()), notDecayed);
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
        return Stream.generate(() -> workspace.scalar(0)).limit(count).toList();
    }

    @Override
    public void step(double learningRate, double gradientNorm) {
        double divisor = Optimizer.divisor(config, gradientNorm);
        Workspace.scoped(() -> {
            decayed.forEach(state -> update(state, learningRate, config.weightDecay(), divisor));
            notDecayed.forEach(state -> update(state, learningRate, 0, divisor));
            return null;
        });
    }

    private void update(AdamWState state, double learningRate, double weightDecay, double divisor) {
        AdamWStep step = new AdamWStep(
                learningRate, config.adamBeta1(), config.adamBeta2(), weightDecay, config.adamEpsilon(), divisor);
        workspace.training().adamw(state, step);
    }

    /** Both moments and the number of updates. */
    @Override
    public StateArrays arrays() {
        StateArrays arrays = new StateArrays();
        decayed.forEach(state -> add("decayed", state, arrays));
        notDecayed.forEach(state -> add("not_decayed", state, arrays));
        return arrays;
    }

    private static void add(String group, AdamWState state, StateArrays arrays) {
        arrays.add(group + ".exp_avg", state.firstMoments());
        arrays.add(group + ".exp_avg_sq", state.secondMoments());
        arrays.add(group + ".step", state.steps());
    }
}
