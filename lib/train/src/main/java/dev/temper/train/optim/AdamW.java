package dev.temper.train.optim;

import ai.djl.ndarray.NDArray;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.OptimizerKernels.AdamWState;
import dev.temper.kernel.OptimizerKernels.AdamWStep;
import dev.temper.kernel.Workspace;
import dev.temper.model.TrainedParameters;
import dev.temper.train.config.TrainingConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Adam with decoupled weight decay, fused over all parameters. Norms and biases are not decayed.
 *
 * @see <a href="https://arxiv.org/abs/1711.05101">Decoupled Weight Decay Regularization</a>
 */
public final class AdamW implements Optimizer {
    private final StateMemory memory;
    private final FloatType type;
    private final TrainingConfig config;
    private final List<AdamWState> decayed = new ArrayList<>();
    private final List<AdamWState> notDecayed = new ArrayList<>();

    public AdamW(StateMemory memory, TrainedParameters parameters, TrainingConfig config) {
        this(memory, parameters.groups(), parameters.type(), config);
    }

    /**
     * @param groups tensors to update: each is a run of neighbouring parameters, or a single one
     * @param type dtype of the weights
     */
    AdamW(StateMemory memory, List<TrainedParameters.Group> groups, FloatType type, TrainingConfig config) {
        this.memory = memory;
        this.type = type;
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
            states.add(new AdamWState(
                    weights, gradients, memory.floats(weights), memory.floats(weights), scalars(weights.size())));
        }
    }

    private List<NDArray> scalars(int count) {
        return Stream.generate(() -> memory.workspace().scalar(0)).limit(count).toList();
    }

    @Override
    public void step(int number, double learningRate, double gradientNorm) {
        double divisor = Optimizer.divisor(config, gradientNorm);
        Workspace.scoped(() -> {
            decayed.forEach(state -> update(state, settings(learningRate, config.weightDecay(), divisor), number));
            notDecayed.forEach(state -> update(state, settings(learningRate, 0, divisor), number));
            return null;
        });
    }

    private AdamWStep settings(double learningRate, double weightDecay, double divisor) {
        return new AdamWStep(
                learningRate, config.adamBeta1(), config.adamBeta2(), weightDecay, config.adamEpsilon(), divisor);
    }

    private void update(AdamWState state, AdamWStep step, int number) {
        if (type == FloatType.FLOAT32) {
            memory.kernels().adamw(state, step);
        } else {
            memory.kernels().adamw(state, step, Optimizer.key(config, number));
        }
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
