package dev.temper.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What training needs beside a family's layers: vector-Jacobian products, the loss, the optimizer. */
public final class TrainingKernels implements AutoCloseable {
    /** libtorch's number of unsigned bytes. */
    static final int UINT8 = 0;

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

    private final Workspace workspace;
    private final Program program;

    TrainingKernels(Workspace workspace, Program program) {
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
     * @param loss a method of {@code training.py}, such as {@code cross_entropy}
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

    /** One AdamW update in place; step counters are advanced. */
    public void adamw(AdamWState state, AdamWStep step) {
        program.call("adamw")
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

    /** Copies in place, converting the type. */
    public void copy(NDArray source, NDArray target) {
        program.call("copy").with(target).with(source).run();
    }

    /** Sets to zero, NaN too. */
    public void clear(NDArray array) {
        program.call("clear").with(array).run();
    }

    /** The values in another type; the array itself when it has that type already. */
    public NDArray cast(NDArray array, FloatType type) {
        return program.call("cast")
                .with(array)
                .with(workspace.ints(type.number()))
                .run()
                .get(0);
    }

    /** Fills the rows of a matrix that follow the first {@code count} with the mean of these. */
    public void fillRows(NDArray matrix, long count) {
        program.call("fill_rows").with(matrix).with(workspace.ints(count)).run();
    }

    /** Copies of some rows: matrix (V, D), ids (K) int64 -> (K, D). */
    public NDArray rows(NDArray matrix, NDArray ids) {
        return program.call("rows").with(matrix).with(ids).run().get(0);
    }

    /** Puts rows (K, D) into a matrix (V, D), converting the type. */
    public void putRows(NDArray matrix, NDArray ids, NDArray rows) {
        program.call("put_rows").with(matrix).with(ids).with(rows).run();
    }

    /** (N, I) times the transposed of (M, I). */
    NDArray product(NDArray a, NDArray b) {
        return program.call("product").with(a).with(b).run().get(0);
    }

    NDArray empty(Shape shape, FloatType type) {
        return program.call("empty")
                .with(workspace.ints(shape.getShape()))
                .with(workspace.ints(type.number()))
                .run()
                .get(0);
    }

    /** All of a file, as many whole elements as it has; private to the process where it is written to. */
    NDArray mapped(Path file, FloatType type) {
        try {
            return mapped(file, type.number(), Files.size(file) / type.bytes(), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** So many elements of libtorch's type of that number; what is written to them, the file holds. */
    NDArray shared(Path file, int number, long count) {
        return mapped(file, number, count, 1);
    }

    private NDArray mapped(Path file, int number, long count, int shared) {
        byte[] path = file.toString().getBytes(StandardCharsets.UTF_8);
        long[] name = new long[path.length];
        Arrays.setAll(name, i -> path[i] & 0xFF);
        return program.call("mapped")
                .with(workspace.ints(name))
                .with(workspace.ints(number, count, shared))
                .run()
                .get(0);
    }

    @Override
    public void close() {
        program.close();
    }
}
