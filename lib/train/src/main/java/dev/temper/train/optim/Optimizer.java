package dev.temper.train.optim;

import dev.temper.model.SplitMix;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorWriter;
import dev.temper.train.config.TrainingConfig;
import java.io.IOException;
import java.util.List;

/** An optimizer with its state. Valid as long as the workspace of the parameters. */
public interface Optimizer {
    long ROUNDING = 0x726f756e64L; // separates its random bits from those of dropout

    /**
     * Updates the weights in place. The gradients may be overwritten.
     *
     * @param number of the update, from 1; with the seed it determines the random bits of stochastic rounding
     * @param learningRate of this update
     * @param gradientNorm global norm of the gradients, which are clipped to {@code max_grad_norm}
     */
    void step(int number, double learningRate, double gradientNorm);

    /** The arrays of the state. */
    StateArrays arrays();

    /** The tensors of the state for a checkpoint; their values are read lazily. */
    default List<TensorWriter.Tensor> state() {
        return arrays().tensors();
    }

    /** Restores the state from tensors that {@link #state} returned. */
    default void restore(TensorFiles files) throws IOException {
        arrays().restore(files);
    }

    /** Seed of the stochastic rounding of an update's weights. */
    static long key(TrainingConfig config, int number) {
        return SplitMix.mix(SplitMix.mix(config.seed() ^ ROUNDING) + number);
    }

    /** Divisor of the gradients that clips their norm to {@code max_grad_norm}, by torch's formula. */
    static double divisor(TrainingConfig config, double gradientNorm) {
        double limit = config.maxGradNorm();
        return limit > 0 ? Math.max(1, (gradientNorm + 1e-6) / limit) : 1;
    }
}
