package dev.temper.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a backward pass needs beside a family's layers: losses, and gradients through what was recorded.
 *
 * <p>Hidden states have the type that is computed in, float32 or 16 bits; sums of losses are float64, gradients of
 * weights float32. Tensor operations are {@link TensorKernels}, update rules {@link OptimizerKernels}.
 */
public final class LossKernels implements AutoCloseable {
    private static final String UPDATE = "lm_head.lora_B"; // of a head

    private static final int MAX_LOSS_CHUNK = 256; // more is barely faster
    private static final long LOSS_BYTES = 80L << 20;

    /** Rows of logits in 16 bits that are float32 at the same time. */
    public static final int LOSS_ROWS = 16;

    /** float32 arrays that belong together: weights and where their gradients are summed. */
    public record Trained(List<NDArray> weights, List<NDArray> gradients) {
        public boolean isEmpty() {
            return weights.isEmpty();
        }
    }

    /**
     * The map from hidden states to logits.
     *
     * @param weight (V, D)
     * @param cap scalar: logits become {@code cap * tanh(logits / cap)}; 0 leaves them
     * @param update arrays of a low-rank update beside it, {@code lm_head.lora_A} and so on; empty for none
     */
    public record Head(NDArray weight, NDArray cap, Map<String, NDArray> update) {
        public Head {
            update = Map.copyOf(update);
        }

        /** Without an update. */
        public Head(NDArray weight, NDArray cap) {
            this(weight, cap, Map.of());
        }

        /** A dictionary, which may not be empty. */
        private Map<String, NDArray> dictionary() {
            return update.isEmpty() ? Map.of("lm_head", weight) : update;
        }
    }

    /**
     * Where the gradients of a head are summed.
     *
     * @param weight (V, D); a scalar when the head is frozen
     * @param update of the update's B, (V, R); empty when there is none
     * @param rows of those that are trained while the head is frozen
     */
    public record HeadGradients(NDArray weight, Optional<NDArray> update, Optional<RowGradients> rows) {
        /** Of a head without an update. */
        public static HeadGradients of(NDArray weight) {
            return new HeadGradients(weight, Optional.empty(), Optional.empty());
        }
    }

    /** Where the gradients of some rows of a head are summed: ids (K) int64, gradient (K, D). */
    public record RowGradients(NDArray ids, NDArray gradient) {
        private List<NDArray> list() {
            return List.of(ids, gradient);
        }
    }

    /**
     * What a head with an update sees, (N, D) -> (N, D + R); the hidden states themselves for one without.
     *
     * @param extras further entries of its dictionary: the positions' keys for dropout, or nothing
     */
    public NDArray extended(NDArray h, Head head, Map<String, NDArray> extras) {
        if (head.update().isEmpty()) {
            return h;
        }
        Map<String, NDArray> all = new HashMap<>(head.update());
        all.putAll(extras);
        return program.call("extended").with(h).with("w", all).run().get(0);
    }

    /**
     * What is made of cross entropies.
     *
     * @param scale gradients are multiplied by it
     * @param smoothing share of a loss, in {@code [0, 1)}, that is not the cross entropy of the target but the mean of
     *     those of all classes, as transformers' LabelSmoother has it
     */
    public record LossScale(double scale, double smoothing) {}

    /** Sums over some tokens; they differ by label smoothing. */
    public record LossSums(double losses, double crossEntropies) {}

    private final Workspace workspace;
    private final Program program;

    LossKernels(Workspace workspace, Program program) {
        this.workspace = workspace;
        this.program = program;
    }

    /**
     * Adds the gradients of {@code trained} and returns the gradient of {@code x}; frees what {@code y} recorded.
     *
     * @param y result of a recorded call
     * @param gy gradient with respect to {@code y}, same shape
     * @param x its input, itself requiring gradients
     */
    public NDArray backward(NDArray y, NDArray gy, NDArray x, Trained trained) {
        if (trained.isEmpty()) {
            return program.call("backward_input").with(y).with(gy).with(x).run().get(0);
        }
        return program.call("backward_all")
                .with(y)
                .with(gy)
                .with(x)
                .with("p", trained.weights())
                .with("g", trained.gradients())
                .run()
                .get(0);
    }

    /** As {@link #backward} when nothing before {@code y} needs a gradient. */
    public void backward(NDArray y, NDArray gy, Trained trained) {
        program.call("backward_parameters")
                .with(y)
                .with(gy)
                .with("p", trained.weights())
                .with("g", trained.gradients())
                .run();
    }

    /**
     * Sum of the losses (float64 scalar) and its scaled gradient with respect to {@code h}. The logits exist for a few
     * hundred positions at a time only.
     *
     * @param h (N, D); {@link #extended} for a head with an update
     * @param targets (N) int64
     * @param gradients added to
     */
    public NDList loss(NDArray h, Head head, NDArray targets, LossScale scale, HeadGradients gradients) {
        List<NDArray> places = new ArrayList<>(List.of(gradients.weight()));
        gradients
                .update()
                .ifPresent(gradient -> places.addAll(List.of(head.update().get(UPDATE), gradient)));
        return program.call("loss")
                .with(h)
                .with(head.weight())
                .with(head.cap())
                .with(targets)
                .with(workspace.doubles(scale.scale(), scale.smoothing()))
                .with(lossChunk())
                .with("g", places)
                .with("r", gradients.rows().map(RowGradients::list).orElseGet(() -> List.of(gradients.weight())))
                .run();
    }

    /**
     * Positions whose logits exist at the same time.
     *
     * @param elementBytes of the type that is computed in
     */
    public static int lossChunk(long vocabulary, int elementBytes) {
        return (int) Math.max(LOSS_ROWS, Math.min(MAX_LOSS_CHUNK, LOSS_BYTES / (elementBytes * vocabulary)));
    }

    private NDArray lossChunk() {
        return workspace.ints(MAX_LOSS_CHUNK, LOSS_ROWS, LOSS_BYTES);
    }

    /** Sum of the cross entropies of hidden states (N, D). */
    public double lossSum(NDArray h, Head head, NDArray targets) {
        return lossSums(h, head, targets, 0).crossEntropies();
    }

    /** Without gradients; shapes as in {@link #loss}. */
    public LossSums lossSums(NDArray h, Head head, NDArray targets, double smoothing) {
        double[] sums = program.call("loss_sum")
                .with(h)
                .with(head.weight())
                .with(head.cap())
                .with(targets)
                .with(lossChunk())
                .with(workspace.doubles(smoothing))
                .with("w", head.dictionary())
                .run()
                .get(0)
                .toDoubleArray();
        return new LossSums(sums[0], sums[1]);
    }

    /**
     * Of a head for whole texts: the sum of the losses, each times its weight (float64 scalar), and its scaled gradient
     * with respect to the logits.
     *
     * @param loss a method of {@code losses.py}, such as {@code cross_entropy}
     * @param logits (S, C)
     * @param targets (S) classes, as float32, or values; (S, C) where a row has several
     * @param weights (S)
     */
    public NDList headLoss(String loss, NDArray logits, NDArray targets, NDArray weights, LossScale scale) {
        return program.call(loss)
                .with(logits)
                .with(targets)
                .with(weights)
                .with(workspace.doubles(scale.scale(), scale.smoothing()))
                .run();
    }

    /** The largest of each row's logits: (S, V) -> (S) int64. */
    public NDArray best(NDArray logits) {
        return program.call("best").with(logits).run().get(0);
    }

    /** All logits (N, V) of hidden states (N, D). */
    public NDArray logits(NDArray h, Head head) {
        return program.call("logits")
                .with(h)
                .with(head.weight())
                .with(head.cap())
                .with("w", head.dictionary())
                .run()
                .get(0);
    }

    /** L2 norm over all arrays together. */
    public double norm(List<NDArray> arrays) {
        return program.call("norm").with("g", arrays).run().get(0).getFloat();
    }

    @Override
    public void close() {
        program.close();
    }
}
