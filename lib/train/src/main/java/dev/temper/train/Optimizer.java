package dev.temper.train;

import dev.temper.kernel.Workspace;
import dev.temper.model.TrainedParameters;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorWriter;
import java.io.IOException;
import java.util.List;

/** An update rule with its state; lives as long as the workspace of what it trains. */
interface Optimizer {
    /** The rule that {@code training.optim} names. */
    static Optimizer of(Workspace workspace, TrainedParameters parameters, TrainingConfig config) {
        return switch (config.optim()) {
            case ADAMW -> new AdamW(workspace, parameters, config);
            case ADAMW_8BIT -> new AdamW8bit(workspace, parameters, config);
            case ADAFACTOR -> new Adafactor(workspace, parameters, config);
            case LION -> new Lion(workspace, parameters, config);
            case SGD -> new Sgd(workspace, parameters, config);
        };
    }

    /**
     * One update in place; the gradients may be changed.
     *
     * @param gradientNorm of the gradients, which are scaled down to {@code max_grad_norm} on the way
     */
    void step(double learningRate, double gradientNorm);

    /** What it keeps from update to update. */
    StateArrays arrays();

    /** What a checkpoint keeps; values are read when they are asked for. */
    default List<TensorWriter.Tensor> state() {
        return arrays().tensors();
    }

    /** Reads what {@link #state} gave. */
    default void restore(TensorFiles files) throws IOException {
        arrays().restore(files);
    }

    /** What the gradients are divided by, so that their norm is {@code max_grad_norm} at most; torch's formula. */
    static double divisor(TrainingConfig config, double gradientNorm) {
        double limit = config.maxGradNorm();
        return limit > 0 ? Math.max(1, (gradientNorm + 1e-6) / limit) : 1;
    }
}
