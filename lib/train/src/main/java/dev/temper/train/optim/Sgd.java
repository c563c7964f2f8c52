package dev.temper.train.optim;

import dev.temper.kernel.LossKernels.Trained;
import dev.temper.kernel.OptimizerKernels;
import dev.temper.kernel.OptimizerKernels.SgdStep;
import dev.temper.kernel.Workspace;
import dev.temper.model.TrainedParameters;
import dev.temper.train.config.TrainingConfig;
import java.util.List;

/** Gradient descent without momentum, which has no state. */
final class Sgd implements Optimizer {
    private final OptimizerKernels kernels;
    private final TrainingConfig config;
    private final List<TrainedParameters.Group> groups;

    Sgd(StateMemory memory, TrainedParameters parameters, TrainingConfig config) {
        this.kernels = memory.kernels();
        this.config = config;
        this.groups = parameters.groups();
    }

    @Override
    public void step(int number, double learningRate, double gradientNorm) {
        double divisor = Optimizer.divisor(config, gradientNorm);
        Workspace.scoped(() -> {
            for (TrainedParameters.Group group : groups) {
                Trained trained = new Trained(List.of(Workspace.detach(group.weights())), List.of(group.gradients()));
                double weightDecay = group.isDecayed() ? config.weightDecay() : 0;
                kernels.sgd(trained, new SgdStep(learningRate, weightDecay, divisor), Optimizer.key(config, number));
            }
            return null;
        });
    }

    @Override
    public StateArrays arrays() {
        return new StateArrays();
    }
}
