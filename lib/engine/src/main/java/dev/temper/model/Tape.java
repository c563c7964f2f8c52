package dev.temper.model;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The activations that a layer records for its gradient, in bytes: a family tells it the steps of the layer in the
 * order of the program, and it knows what libtorch records of each and what the backward pass allocates. Weights do not
 * count.
 */
public final class Tape {
    /** A hash of 64 bits for four channels, and two arrays as large while it is made. */
    private static final int MASK_WORKING = 3 * Long.BYTES / 4;

    /** What a tensor lies in; parts of it are views. */
    private static final class Storage {
        private final long bytes;
        private int holders;

        private Storage(long bytes) {
            this.bytes = bytes;
        }
    }

    /** A tensor (1, T, width), or what holds as much. */
    public static final class Value {
        private final long width;
        private final Storage storage;
        private final boolean isTracked; // a gradient flows to it

        private Value(long width, Storage storage, boolean isTracked) {
            this.width = width;
            this.storage = storage;
            this.isTracked = isTracked;
        }
    }

    /**
     * What is left to do for the gradient of some outputs.
     *
     * @param inputs that a gradient flows to
     * @param working bytes in the backward pass, beside the gradients of inputs and outputs
     * @param weightGradients bytes of gradients of weights, which stay till the layer is done
     */
    private record Step(
            List<Value> outputs, List<Value> inputs, List<Storage> saved, long working, long weightGradients) {
        boolean isSum() {
            return saved.isEmpty() && inputs.size() == 2;
        }
    }

    private final Architecture architecture;
    private final Map<String, Parameter> parameters;
    private final int window;
    private final TrainedWeights trained;
    private final TokenCounts tokens;
    private final long elementBytes;
    private final boolean isInputTracked;
    private final Deque<Step> steps = new ArrayDeque<>(); // the last one first
    private final Set<Storage> recorded = new HashSet<>();
    private long recordedBytes;
    private long forwardPeak;
    private Value output;

    private Tape(Activations.Pass pass, int layer, boolean isInputTracked) {
        this.architecture = pass.architecture();
        this.parameters = architecture.parameters().stream()
                .filter(parameter -> parameter.layer() == layer)
                .collect(Collectors.toMap(Parameter::key, parameter -> parameter));
        this.window = architecture.windows().get(layer);
        this.trained = pass.trained();
        this.tokens = pass.tokens();
        this.elementBytes = pass.elementBytes();
        this.isInputTracked = isInputTracked;
    }

    /**
     * Bytes of a layer.
     *
     * @param recorded from the forward pass till its gradient is computed
     * @param peak the most at one time, what is recorded among it
     */
    record Bytes(long recorded, long peak) {}

    /** @param isInputTracked whether the layer's input needs a gradient */
    static Bytes of(Activations.Pass pass, int layer, boolean isInputTracked) {
        Tape tape = new Tape(pass, layer, isInputTracked);
        Families.of(pass.architecture().modelType()).layer(tape);
        return tape.bytes();
    }

    /** Widths and counts of the model. */
    public Sizes sizes() {
        return architecture.sizes();
    }

    /** Whether the layer has a weight of this name. */
    public boolean has(String key) {
        return parameters.containsKey(key);
    }

    /** A number of the program, such as {@code score_cap}. */
    public double attribute(String name) {
        return ((Number) architecture.attributes().get(name)).doubleValue();
    }

    /** What enters the layer. */
    public Value input() {
        return new Value(sizes().width(), new Storage(0), isInputTracked); // stored for all layers, and counted there
    }

    /** What leaves it. */
    public void output(Value x) {
        output = x;
    }

    /** {@code ops.linear} and {@code ops.conv1d}: a projection, its update by an adapter included. */
    public Value linear(Value x, String name) {
        Parameter matrix = parameters.get(name);
        boolean isTrained = trained.isTrained(matrix);
        Optional<Integer> rank = trained.rank(matrix);
        Value y = value(matrix.outputs(), x.isTracked || isTrained || rank.isPresent());
        long count = matrix.inputs() * matrix.outputs();
        List<Storage> saved = new ArrayList<>();
        if (isTrained) {
            saved.add(x.storage);
        }
        long weightGradients = isTrained ? elementBytes * count + Float.BYTES * matrix.outputs() : 0;
        long working = 0;
        if (rank.isPresent()) {
            Update update = update(x, matrix, rank.get());
            saved.addAll(update.saved());
            weightGradients += update.weightGradients();
            working += update.working();
        }
        record(y, List.of(x), saved, working, weightGradients);
        return y;
    }

    private record Update(List<Storage> saved, long weightGradients, long working) {}

    /** {@code ops.adapted}. */
    private Update update(Value x, Parameter matrix, int rank) {
        List<Storage> saved = new ArrayList<>();
        long working = bytes(matrix.inputs()); // beside the gradient that the base gives x
        Storage down = x.storage;
        if (trained.dropsInputs()) {
            if (x.isTracked) {
                saved.add(new Storage(tokens.all() * matrix.inputs())); // the mask
            }
            down = new Storage(bytes(matrix.inputs()));
            working += bytes(matrix.inputs());
            passForward(tokens.all() * MASK_WORKING * matrix.inputs() + bytes(matrix.inputs() + matrix.outputs()));
        }
        saved.add(down);
        saved.add(new Storage(bytes(rank)));
        long weightGradients = elementBytes * rank * (matrix.inputs() + matrix.outputs());
        if (trained.hasMagnitude()) {
            saved.add(new Storage(bytes(matrix.outputs()))); // what the base makes of it
            saved.add(new Storage(bytes(matrix.outputs()))); // and the update
            long sum = Float.BYTES * matrix.inputs() * matrix.outputs();
            passForward(2 * sum + bytes(2 * matrix.outputs()));
            working += bytes(2 * matrix.outputs());
            weightGradients += Float.BYTES * matrix.outputs();
        }
        return new Update(saved, weightGradients, working);
    }

    /** {@code ops.rms_norm}. */
    public Value rmsNorm(Value x, String weight) {
        boolean isTrained = trained.isTrained(parameters.get(weight));
        Value y = value(x.width, x.isTracked || isTrained);
        List<Storage> saved = new ArrayList<>();
        if (x.isTracked) {
            saved.add(wide(x));
        }
        if (isTrained) {
            saved.add(new Storage(wideBytes(x.width))); // what is multiplied by the weight
        }
        record(y, List.of(x), saved, 2 * wideBytes(x.width), isTrained ? Float.BYTES * x.width : 0);
        return y;
    }

    /** {@code ops.layer_norm}. */
    public Value layerNorm(Value x, String weight) {
        boolean isTrained = trained.isTrained(parameters.get(weight));
        Value y = value(x.width, x.isTracked || isTrained);
        record(y, List.of(x), List.of(wide(x)), wideBytes(x.width), isTrained ? 2 * Float.BYTES * x.width : 0);
        return y;
    }

    /** {@code torch.silu} and {@code torch.gelu}. */
    public Value activation(Value x) {
        Value y = value(x.width, x.isTracked);
        record(y, List.of(x), List.of(x.storage), 0, 0);
        return y;
    }

    /** {@code a * b} of two computed tensors. */
    public Value product(Value a, Value b) {
        Value y = value(a.width, a.isTracked || b.isTracked);
        record(y, List.of(a, b), List.of(a.storage, b.storage), 0, 0);
        return y;
    }

    /** {@code a + b}. */
    public Value sum(Value a, Value b) {
        Value y = value(a.width, a.isTracked || b.isTracked);
        record(y, List.of(a, b), List.of(), 0, 0);
        return y;
    }

    /** {@code torch.split} into parts of these widths. */
    public List<Value> split(Value x, long... widths) {
        List<Value> parts = new ArrayList<>();
        for (long width : widths) {
            parts.add(new Value(width, x.storage, x.isTracked));
        }
        if (x.isTracked) {
            steps.push(new Step(parts, List.of(x), List.of(), 0, 0));
        }
        return parts;
    }

    /** {@code ops.rotate}: cosines and sines are there anyway. */
    public Value rotated(Value x) {
        Value y = value(x.width, x.isTracked);
        record(y, List.of(x), List.of(), 2 * wideBytes(x.width), 0);
        return y;
    }

    /** {@code ops.dropped}: x itself when the model drops nothing of this name. */
    public Value dropped(Value x, String name) {
        if (architecture.dropouts().getOrDefault(name, 0.0) == 0) {
            return x;
        }
        Value y = value(x.width, x.isTracked);
        passForward(tokens.all() * MASK_WORKING * x.width + bytes(x.width));
        record(y, List.of(x), List.of(new Storage(tokens.all() * x.width)), bytes(x.width), 0);
        return y;
    }

    /** {@code ops.attention} of queries (1, T, H E) with keys and values (1, T, K E). */
    public Value attention(Value q, Value k, Value v, double cap) {
        boolean drops = architecture.dropouts().getOrDefault("attention", 0.0) > 0;
        Value keys = grouped(k, q.width);
        Value values = grouped(v, q.width);
        Value y = value(q.width, q.isTracked || k.isTracked || v.isTracked);
        List<Storage> saved = new ArrayList<>(List.of(q.storage, keys.storage, values.storage));
        long pairs = tokens.pairs() * sizes().numHeads();
        long working = 0;
        if (cap > 0 || drops) {
            int tables = 1 + (cap > 0 ? 1 : 0) + (drops ? 1 : 0); // the softmax, the tanh before, what is left of it
            saved.add(new Storage(tables * elementBytes * pairs + pairs)); // and a mask
            long one = tokens.longestPairs() * sizes().numHeads();
            working = 3 * elementBytes * one;
            passForward((2 * elementBytes + (drops ? MASK_WORKING : 0)) * one);
        } else {
            saved.add(new Storage(bytes(q.width))); // the outputs of all documents; together they are a copy
            saved.add(new Storage(Float.BYTES * tokens.all() * sizes().numHeads())); // logsumexp
            if (window > 0 && tokens.longest() > window) {
                saved.add(new Storage(elementBytes * tokens.pairs()));
            }
        }
        record(y, List.of(q, keys, values), saved, working + bytes(q.width), 0);
        return y;
    }

    /** {@code ops.grouped}: a copy for every query head, unless there are as many already. */
    private Value grouped(Value x, long width) {
        if (x.width == width) {
            return x;
        }
        Value y = value(width, x.isTracked);
        record(y, List.of(x), List.of(), 0, 0);
        return y;
    }

    private Value value(long width, boolean isTracked) {
        return new Value(width, new Storage(bytes(width)), isTracked);
    }

    private long bytes(long width) {
        return elementBytes * width * tokens.all();
    }

    private long wideBytes(long width) {
        return Float.BYTES * width * tokens.all();
    }

    /** The float32 copy that a norm works on, or the tensor itself when it is float32. */
    private Storage wide(Value x) {
        return elementBytes == Float.BYTES ? x.storage : new Storage(wideBytes(x.width));
    }

    private void record(Value y, List<Value> from, List<Storage> saved, long working, long weightGradients) {
        if (!y.isTracked) {
            return;
        }
        for (Storage storage : saved) {
            storage.holders++;
            if (recorded.add(storage)) {
                recordedBytes += storage.bytes;
            }
        }
        List<Value> inputs = from.stream().filter(value -> value.isTracked).toList();
        steps.push(new Step(List.of(y), inputs, saved, working, weightGradients));
        passForward(y.storage.bytes);
    }

    private void passForward(long working) {
        forwardPeak = Math.max(forwardPeak, recordedBytes + working);
    }

    /** The backward pass. */
    private Bytes bytes() {
        Map<Value, Long> gradients = new HashMap<>();
        gradients.put(output, bytes(output.width));
        long live = recordedBytes + output.storage.bytes + bytes(output.width);
        long peak = Math.max(live, forwardPeak);
        for (Step step : steps) {
            if (step.isSum()) { // the gradient of the output is that of both inputs, as it is
                gradients.merge(
                        step.inputs().get(0), gradients.remove(step.outputs().get(0)), Long::sum);
                gradients.putIfAbsent(step.inputs().get(1), 0L);
                continue;
            }
            for (Value input : step.inputs()) {
                if (gradients.putIfAbsent(input, bytes(input.width)) == null) {
                    live += bytes(input.width);
                }
            }
            peak = Math.max(peak, live + Math.max(step.working(), step.weightGradients()));
            live += step.weightGradients();
            for (Value done : step.outputs()) {
                live -= gradients.remove(done);
            }
            live -= released(step.saved());
        }
        return new Bytes(recordedBytes, peak);
    }

    private static long released(List<Storage> saved) {
        long bytes = 0;
        for (Storage storage : saved) {
            storage.holders--;
            bytes += storage.holders == 0 ? storage.bytes : 0;
        }
        return bytes;
    }
}
