package dev.temper.train.optim;

import dev.temper.model.SplitMix;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorWriter;
import dev.temper.train.config.TrainingConfig;
import java.io.IOException;
import java.util.List;

/** An update rule with its state; lives as long as the workspace of what it trains. */
public interface Optimizer {
    long ROUNDING = 0x726f756e64L; // so that its bits are not those of dropout

    /**
     * One update in place; the gradients may be changed.
     *
     * @param number of the update, from 1; what random bits follow from beside the seed
     * @param gradientNorm of the gradients, which are scaled down to {@code max_grad_norm} on the way
     */
    void step(int number, double learningRate, double gradientNorm);

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

    /** What the rounding of an update's weights follows from. */
    static long key(TrainingConfig config, int number) {
        return SplitMix.mix(SplitMix.mix(config.seed() ^ ROUNDING) + number);
    }

    /** What the gradients are divided by, so that their norm is {@code max_grad_norm} at most; torch's formula. */
    static double divisor(TrainingConfig config, double gradientNorm) {
        double limit = config.maxGradNorm();
        return limit > 0 ? Math.max(1, (gradientNorm + 1e-6) / limit) : 1;
    }
}
