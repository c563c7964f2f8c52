package dev.temper.train.optim;

import ai.djl.ndarray.NDArray;
import dev.temper.kernel.LossKernels.Trained;
import dev.temper.kernel.OptimizerKernels;
import dev.temper.kernel.OptimizerKernels.AdafactorState;
import dev.temper.kernel.OptimizerKernels.AdafactorStep;
import dev.temper.kernel.Workspace;
import dev.temper.model.TrainedParameters;
import dev.temper.train.config.TrainingConfig;
import java.util.ArrayList;
import java.util.List;

/**
 * Adafactor without momentum: Adam whose second moment is factored into a row and a column for each matrix, so it needs
 * almost no memory. Settings are those of transformers' Trainer: the learning rate is that of the schedule, neither
 * relative nor scaled by the parameter. An update temporarily needs the memory of the largest matrix.
 *
 * @see <a href="https://arxiv.org/abs/1804.04235">Adafactor</a>
 */
final class Adafactor implements Optimizer {
    private static final double DECAY_RATE = -0.8;

    private final OptimizerKernels kernels;
    private final TrainingConfig config;
    private final AdafactorState decayed;
    private final AdafactorState notDecayed;
    private final NDArray steps;

    Adafactor(StateMemory memory, TrainedParameters parameters, TrainingConfig config) {
        this.kernels = memory.kernels();
        this.config = config;
        this.steps = memory.workspace().scalar(0);
        List<TrainedParameters.Spec> specs = parameters.specs();
        this.decayed = state(
                memory,
                parameters,
                specs.stream().filter(TrainedParameters.Spec::isDecayed).toList());
        this.notDecayed = state(
                memory,
                parameters,
                specs.stream().filter(spec -> !spec.isDecayed()).toList());
    }

    private static AdafactorState state(
            StateMemory memory, TrainedParameters parameters, List<TrainedParameters.Spec> specs) {
        List<NDArray> weights = new ArrayList<>();
        List<NDArray> gradients = new ArrayList<>();
        List<NDArray> rows = new ArrayList<>();
        List<NDArray> columns = new ArrayList<>();
        for (TrainedParameters.Spec spec : specs) {
            weights.add(Workspace.detach(parameters.weight(spec.name())));
            gradients.add(parameters.gradient(spec.name()));
            rows.add(memory.floats(spec.shape().get(0)));
            columns.add(memory.floats(
                    spec.shape().dimension() < 2 ? 0 : spec.shape().get(1)));
        }
        return new AdafactorState(new Trained(weights, gradients), rows, columns);
    }

    @Override
    public void step(int number, double learningRate, double gradientNorm) {
        double divisor = Optimizer.divisor(config, gradientNorm);
        int count = (int) steps.getFloat() + 1;
        Workspace.memory(steps).putFloat(0, count);
        double decay = 1 - Math.pow(count, DECAY_RATE);
        long key = Optimizer.key(config, number);
        Workspace.scoped(() -> {
            update(decayed, new AdafactorStep(learningRate, config.weightDecay(), decay, divisor), key);
            update(notDecayed, new AdafactorStep(learningRate, 0, decay, divisor), key);
            return null;
        });
    }

    private void update(AdafactorState state, AdafactorStep step, long key) {
        if (!state.trained().isEmpty()) {
            kernels.adafactor(state, step, key);
        }
    }

    @Override
    public StateArrays arrays() {
        StateArrays arrays = new StateArrays();
        arrays.add("step", List.of(steps));
        add("decayed", decayed, arrays);
        add("not_decayed", notDecayed, arrays);
        return arrays;
    }

    private static void add(String group, AdafactorState state, StateArrays arrays) {
        arrays.add(group + ".exp_avg_sq_row", state.rows());
        arrays.add(group + ".exp_avg_sq_col", state.columns());
    }
}
