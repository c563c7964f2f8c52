package dev.temper.train.optim;

import ai.djl.ndarray.NDArray;
import dev.temper.kernel.LossKernels.Trained;
import dev.temper.kernel.OptimizerKernels;
import dev.temper.kernel.OptimizerKernels.LionStep;
import dev.temper.kernel.Workspace;
import dev.temper.model.TrainedParameters;
import dev.temper.train.config.TrainingConfig;
import java.util.List;

/**
 * Lion: steps of equal size in the direction of the sign of an interpolated momentum. Needs half the memory of Adam,
 * and a third to a tenth of AdamW's learning rate.
 *
 * @see <a href="https://arxiv.org/abs/2302.06675">Symbolic Discovery of Optimization Algorithms</a>
 */
final class Lion implements Optimizer {
    private final OptimizerKernels kernels;
    private final TrainingConfig config;
    private final List<TrainedParameters.Group> groups;
    private final List<NDArray> moments;

    Lion(StateMemory memory, TrainedParameters parameters, TrainingConfig config) {
        this.kernels = memory.kernels();
        this.config = config;
        this.groups = parameters.groups();
        this.moments = memory.floats(
                groups.stream().map(TrainedParameters.Group::weights).toList());
    }

    @Override
    public void step(int number, double learningRate, double gradientNorm) {
        double divisor = Optimizer.divisor(config, gradientNorm);
        Workspace.scoped(() -> {
            for (int i = 0; i < groups.size(); i++) {
                TrainedParameters.Group group = groups.get(i);
                double weightDecay = group.isDecayed() ? config.weightDecay() : 0;
                kernels.lion(
                        new Trained(List.of(Workspace.detach(group.weights())), List.of(group.gradients())),
                        List.of(moments.get(i)),
                        new LionStep(learningRate, config.adamBeta1(), config.adamBeta2(), weightDecay, divisor),
                        Optimizer.key(config, number));
            }
            return null;
        });
    }

    @Override
    public StateArrays arrays() {
        StateArrays arrays = new StateArrays();
        arrays.add("exp_avg", moments);
        return arrays;
    }
}
