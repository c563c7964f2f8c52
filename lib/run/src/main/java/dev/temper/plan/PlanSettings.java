package dev.temper.plan;

import dev.temper.kernel.FloatType;
import dev.temper.model.WeightPlacement;
import dev.temper.recipe.Recipe;
import dev.temper.train.config.Optim;
import dev.temper.train.config.TrainingConfig;
import dev.temper.train.worker.MicroBatches;
import dev.temper.train.worker.Replica;
import java.util.Arrays;

/**
 * What of a recipe decides how much memory a worker needs, besides the model and the adapter.
 *
 * @param types that are computed in, and of what is trained
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
        WeightPlacement.Types types,
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
                new WeightPlacement.Types(
                        isNarrow ? FloatType.BFLOAT16 : FloatType.FLOAT32,
                        recipe.model().weights().type()),
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
                types,
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
        int[] lengths = new int[rows];
        Arrays.fill(lengths, rowTokens);
        int most = MicroBatches.split(lengths, microBatchTokens).stream()
                .mapToInt(group -> group.length)
                .max()
                .orElse(0);
        return (long) most * rowTokens;
    }
}
