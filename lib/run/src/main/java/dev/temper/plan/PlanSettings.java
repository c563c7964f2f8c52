package dev.temper.plan;

import dev.temper.kernel.FloatType;
import dev.temper.recipe.Recipe;
import dev.temper.train.config.Optim;
import dev.temper.train.config.TrainingConfig;
import dev.temper.train.worker.Replica;

/**
 * What of a recipe decides how much memory a worker needs, besides the model and the adapter.
 *
 * @param quantizes codes are made first
 * @param precision of activations and products
 * @param weights of what is trained
 * @param offloadsOptimizer its states lie in a mapped file
 * @param offloadsInputs the inputs of layers lie in mapped files
 * @param rowTokens of the longest row
 * @param rows of a worker in an update
 * @param microBatchTokens that the recipe asks for, or the usual number
 * @param isMicroBatchOpen the recipe asks for none
 * @param rowsBytes mapped files of a worker's prepared rows; 0: nobody knows before they are prepared
 */
public record PlanSettings(
        Optim optim,
        boolean checkpoints,
        boolean quantizes,
        FloatType precision,
        FloatType weights,
        boolean offloadsOptimizer,
        boolean offloadsInputs,
        int rowTokens,
        int rows,
        int microBatchTokens,
        boolean isMicroBatchOpen,
        long rowsBytes) {
    static PlanSettings of(Recipe recipe) {
        TrainingConfig training = recipe.training();
        int workers = recipe.cluster().workers();
        boolean isNarrow = recipe.model().precision() == Recipe.Precision.BF16;
        return new PlanSettings(
                training.optim(),
                training.gradientCheckpointing(),
                recipe.model().quantization().isPresent(),
                isNarrow ? FloatType.BFLOAT16 : FloatType.FLOAT32,
                recipe.model().weights().type(),
                training.optimizerOffload(),
                training.activationOffloading(),
                recipe.data().maxLength(),
                (training.batchSize() + workers - 1) / workers,
                training.microBatchTokens().orElse(Replica.DEFAULT_MICRO_BATCH_TOKENS),
                training.microBatchTokens().isEmpty(),
                0);
    }

    PlanSettings withMicroBatchTokens(int count) {
        return with(count, rowsBytes);
    }

    PlanSettings withRows(long bytes) {
        return with(microBatchTokens, bytes);
    }

    private PlanSettings with(int count, long bytes) {
        return new PlanSettings(
                optim,
                checkpoints,
                quantizes,
                precision,
                weights,
                offloadsOptimizer,
                offloadsInputs,
                rowTokens,
                rows,
                count,
                isMicroBatchOpen,
                bytes);
    }

    /** Tokens of the largest micro-batch, when every row is as long as it may be. */
    long tokens() {
        long most = Math.max(1, microBatchTokens / rowTokens); // rows; one that is too long is alone
        long groups = (rows + most - 1) / most;
        return (rows + groups - 1) / groups * rowTokens; // groups are as even as can be
    }
}
