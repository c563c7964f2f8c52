package dev.temper.train.optim;

import dev.temper.model.TrainedParameters;
import dev.temper.train.config.Optim;
import dev.temper.train.config.TrainingConfig;

/** Creates optimizers by their names in a recipe. */
public final class Optimizers {
    private Optimizers() {}

    /** The optimizer that {@code training.optim} names. */
    public static Optimizer of(StateMemory memory, TrainedParameters parameters, TrainingConfig config) {
        return switch (config.optim()) {
            case ADAMW -> new AdamW(memory, parameters, config);
            case ADAMW_8BIT -> new AdamW8bit(memory, parameters, config);
            case ADAFACTOR -> new Adafactor(memory, parameters, config);
            case LION -> new Lion(memory, parameters, config);
            case SGD -> new Sgd(memory, parameters, config);
        };
    }

    /** Bytes of an optimizer's state for one trained tensor. */
    public static long stateBytes(Optim optim, TrainedParameters.Spec spec) {
        long count = spec.elements();
        return switch (optim) {
            case ADAMW -> 2 * Float.BYTES * count;
            case ADAMW_8BIT -> AdamW8bit.bytes(count);
            case ADAFACTOR -> Float.BYTES
                    * (spec.shape().get(0)
                            + (spec.shape().dimension() < 2 ? 0 : spec.shape().get(1)));
            case LION -> Float.BYTES * count;
            case SGD -> 0;
        };
    }
}
