package dev.temper.kernel;

import ai.djl.ndarray.NDArray;
import dev.temper.kernel.LossKernels.Trained;
import java.util.List;
import java.util.Map;

/**
 * Update rules. All arrays are changed in place, gradients too; gradients, moments and mean squares are float32 unless
 * it is said otherwise, weights float32 or bfloat16.
 *
 * <p>Weights in bfloat16 are rounded at random, up with the chance of what is cut off: an update too small for their
 * eight bits arrives once in a while instead of never. Which way follows from the update's {@code key} and from the
 * element's place in the memory that its array is a view of.
 *
 * @see <a href="https://arxiv.org/abs/2010.06192">Revisiting BFloat16 Training</a>
 */
public final class OptimizerKernels {
    /**
     * Settings of one AdamW update.
     *
     * @param divisor gradients are divided by it
     */
    public record AdamWStep(
            double learningRate, double beta1, double beta2, double weightDecay, double epsilon, double divisor) {}

    /** Parameters of one group with their gradients, moments and step counters; all float32. */
    public record AdamWState(
            List<NDArray> weights,
            List<NDArray> gradients,
            List<NDArray> firstMoments,
            List<NDArray> secondMoments,
            List<NDArray> steps) {}

    /**
     * A moment in 8 bits, array by array.
     *
     * @param codes of the elements, uint8
     * @param absmax of each block, float32
     */
    public record Quantized(List<NDArray> codes, List<NDArray> absmax) {}

    /**
     * What 8-bit Adam updates; all arrays flat.
     *
     * @param maps levels (256) float32 and cells (65536) int32 of the first moment, then those of the second
     * @param block how many elements have an absmax in common
     */
    public record AdamW8bitState(
            Trained trained, Quantized firstMoments, Quantized secondMoments, List<NDArray> maps, int block) {}

    /** Settings of one update by gradient descent. */
    public record SgdStep(double learningRate, double weightDecay, double divisor) {}

    /** Settings of one update by Lion. */
    public record LionStep(double learningRate, double beta1, double beta2, double weightDecay, double divisor) {}

    /**
     * What Adafactor updates.
     *
     * @param trained matrices (O, I), or flat arrays (O)
     * @param rows mean squares (O) of each row
     * @param columns mean squares (I) of each column; (0) for a flat array
     */
    public record AdafactorState(Trained trained, List<NDArray> rows, List<NDArray> columns) {}

    /**
     * Settings of one update by Adafactor.
     *
     * @param decay of the mean squares
     */
    public record AdafactorStep(double learningRate, double weightDecay, double decay, double divisor) {}

    private final Workspace workspace;
    private final Program program;

    /** Lives as long as the workspace. */
    public OptimizerKernels(Workspace workspace) {
        this.workspace = workspace;
        this.program = workspace.compile("optimizers.Optimizers", Map.of());
    }

    /** One AdamW update of float32 weights of any shape; step counters are advanced. */
    public void adamw(AdamWState state, AdamWStep step) {
        program.call("adamw_fused")
                .with("p", state.weights())
                .with("g", state.gradients())
                .with("m", state.firstMoments())
                .with("v", state.secondMoments())
                .with("s", state.steps())
                .with(workspace.scalar((float) step.divisor()))
                .with(workspace.doubles(
                        step.learningRate(), step.beta1(), step.beta2(), step.weightDecay(), step.epsilon()))
                .run();
    }

    /** One AdamW update of flat weights in bfloat16, its moments in float32; step counters are advanced. */
    public void adamw(AdamWState state, AdamWStep step, long key) {
        program.call("adamw")
                .with("p", state.weights())
                .with("g", state.gradients())
                .with("m", state.firstMoments())
                .with("v", state.secondMoments())
                .with("s", state.steps())
                .with(adam(step, (int) state.steps().get(0).getFloat() + 1, 0))
                .with(workspace.ints(key))
                .run();
    }

    /**
     * One AdamW update whose moments have 8 bits.
     *
     * @param number of the update, from 1
     */
    public void adamw8bit(AdamW8bitState state, AdamWStep step, int number, long key) {
        program.call("adamw_8bit")
                .with("p", state.trained().weights())
                .with("g", state.trained().gradients())
                .with("m", state.firstMoments().codes())
                .with("v", state.secondMoments().codes())
                .with("mm", state.firstMoments().absmax())
                .with("vm", state.secondMoments().absmax())
                .with("maps", state.maps())
                .with(adam(step, number, state.block()))
                .with(workspace.ints(key))
                .run();
    }

    private NDArray adam(AdamWStep step, int number, int block) {
        return workspace.doubles(
                step.divisor(),
                step.learningRate(),
                step.beta1(),
                step.beta2(),
                step.weightDecay(),
                step.epsilon(),
                1 - Math.pow(step.beta1(), number),
                Math.sqrt(1 - Math.pow(step.beta2(), number)),
                block);
    }

    /** Plain gradient descent; weight decay is added to the gradient, as in torch. All arrays flat. */
    public void sgd(Trained trained, SgdStep step, long key) {
        program.call("sgd")
                .with("p", trained.weights())
                .with("g", trained.gradients())
                .with(workspace.doubles(step.divisor(), step.learningRate(), step.weightDecay()))
                .with(workspace.ints(key))
                .run();
    }

    /** The sign of an interpolated momentum; all arrays flat. */
    public void lion(Trained trained, List<NDArray> moments, LionStep step, long key) {
        program.call("lion")
                .with("p", trained.weights())
                .with("g", trained.gradients())
                .with("m", moments)
                .with(workspace.doubles(
                        step.divisor(), step.learningRate(), step.beta1(), step.beta2(), step.weightDecay()))
                .with(workspace.ints(key))
                .run();
    }

    /** Adam without a first moment, its second one factored into rows and columns. */
    public void adafactor(AdafactorState state, AdafactorStep step, long key) {
        program.call("adafactor")
                .with("p", state.trained().weights())
                .with("g", state.trained().gradients())
                .with("rows", state.rows())
                .with("columns", state.columns())
                .with(workspace.doubles(step.divisor(), step.learningRate(), step.weightDecay(), step.decay()))
                .with(workspace.ints(key))
                .run();
    }
}
