package dev.temper.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.temper.kernel.OptimizerKernels;
import dev.temper.kernel.OptimizerKernels.AdafactorState;
import dev.temper.kernel.OptimizerKernels.AdafactorStep;
import dev.temper.kernel.TrainingKernels.Trained;
import dev.temper.kernel.Workspace;
import dev.temper.model.TrainedParameters;
import java.util.ArrayList;
import java.util.List;

/**
 * Adam without a first moment, whose second one is kept as a row and a column for each matrix: almost no memory. As
 * transformers' Trainer runs it: the learning rate is that of the schedule, neither relative nor scaled by the
 * parameter. An update needs the memory of the largest matrix once more.
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

    Adafactor(Workspace workspace, TrainedParameters parameters, TrainingConfig config) {
        this.kernels = new OptimizerKernels(workspace);
        this.config = config;
        this.steps = workspace.scalar(0);
        List<TrainedParameters.Spec> specs = parameters.specs();
        this.decayed = state(
                workspace,
                parameters,
                specs.stream().filter(TrainedParameters.Spec::isDecayed).toList());
        this.notDecayed = state(
                workspace,
                parameters,
                specs.stream().filter(spec -> !spec.isDecayed()).toList());
    }

    private static AdafactorState state(
            Workspace workspace, TrainedParameters parameters, List<TrainedParameters.Spec> specs) {
        List<NDArray> weights = new ArrayList<>();
        List<NDArray> gradients = new ArrayList<>();
        List<NDArray> rows = new ArrayList<>();
        List<NDArray> columns = new ArrayList<>();
        for (TrainedParameters.Spec spec : specs) {
            weights.add(Workspace.detach(parameters.weight(spec.name())));
            gradients.add(parameters.gradient(spec.name()));
            rows.add(workspace.zeros(new Shape(spec.shape().get(0))));
            columns.add(workspace.zeros(
                    new Shape(spec.shape().dimension() < 2 ? 0 : spec.shape().get(1))));
        }
        return new AdafactorState(new Trained(weights, gradients), rows, columns);
    }

    @Override
    public void step(double learningRate, double gradientNorm) {
        double divisor = Optimizer.divisor(config, gradientNorm);
        int number = (int) steps.getFloat() + 1;
        Workspace.memory(steps).putFloat(0, number);
        double decay = 1 - Math.pow(number, DECAY_RATE);
        Workspace.scoped(() -> {
            update(decayed, new AdafactorStep(learningRate, config.weightDecay(), decay, divisor));
            update(notDecayed, new AdafactorStep(learningRate, 0, decay, divisor));
            return null;
        });
    }

    private void update(AdafactorState state, AdafactorStep step) {
        if (!state.trained().isEmpty()) {
            kernels.adafactor(state, step);
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
