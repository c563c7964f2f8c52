package dev.temper.train;

import dev.temper.kernel.OptimizerKernels;
import dev.temper.kernel.TrainingKernels.Trained;
import dev.temper.kernel.Workspace;
import dev.temper.model.TrainedParameters;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorWriter;
import java.util.List;

/** Gradient descent without momentum: nothing to keep. */
final class Sgd implements Optimizer {
    private final OptimizerKernels kernels;
    private final TrainingConfig config;
    private final List<TrainedParameters.Group> groups;

    Sgd(Workspace workspace, TrainedParameters parameters, TrainingConfig config) {
        this.kernels = new OptimizerKernels(workspace);
        this.config = config;
        this.groups = parameters.groups();
    }

    @Override
    public void step(double learningRate, double gradientNorm) {
        double divisor = Optimizer.divisor(config, gradientNorm);
        Workspace.scoped(() -> {
            for (TrainedParameters.Group group : groups) {
                Trained trained = new Trained(List.of(Workspace.detach(group.weights())), List.of(group.gradients()));
                kernels.sgd(trained, learningRate, group.isDecayed() ? config.weightDecay() : 0, divisor);
            }
            return null;
        });
    }

    @Override
    public List<TensorWriter.Tensor> state() {
        return List.of();
    }

    @Override
    public void restore(TensorFiles files) {}
}
