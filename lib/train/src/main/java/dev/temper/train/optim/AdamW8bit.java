package dev.temper.train.optim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.temper.kernel.LossKernels.Trained;
import dev.temper.kernel.OptimizerKernels;
import dev.temper.kernel.OptimizerKernels.AdamW8bitState;
import dev.temper.kernel.OptimizerKernels.AdamWStep;
import dev.temper.kernel.OptimizerKernels.Quantized;
import dev.temper.kernel.Workspace;
import dev.temper.model.TrainedParameters;
import dev.temper.model.TrainedParameters.Group;
import dev.temper.quant.Blockwise8;
import dev.temper.quant.DynamicMap;
import dev.temper.train.config.TrainingConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * AdamW with both moments quantized to 8 bits, in blocks of 256 with a float32 absmax: 2.03 bytes per parameter instead
 * of 8. Tensors with less than 4096 elements have float32 moments. The update is that of bitsandbytes.
 *
 * @see <a href="https://arxiv.org/abs/2110.02861">8-bit Optimizers via Block-wise Quantization</a>
 */
public final class AdamW8bit implements Optimizer {
    /** Minimum number of elements of a tensor with quantized moments, as in bitsandbytes. */
    static final int MIN_ELEMENTS = 4096;

    private static final long MIN_SPLIT = 1 << 20; // smaller tensors are not worth a thread

    private final StateMemory memory;
    private final OptimizerKernels kernels;
    private final TrainingConfig config;
    private final AdamW small;
    private final Map<Boolean, AdamW8bitState> states = new LinkedHashMap<>(); // by whether weight decay applies
    // each state split into one part per thread
    private final Map<Boolean, List<AdamW8bitState>> parts = new LinkedHashMap<>();
    private final NDArray steps;

    AdamW8bit(StateMemory memory, TrainedParameters parameters, TrainingConfig config) {
        this.memory = memory;
        this.kernels = memory.kernels();
        this.config = config;
        this.steps = memory.workspace().scalar(0);
        List<Group> few = new ArrayList<>();
        Map<Boolean, List<Group>> many = new LinkedHashMap<>();
        for (Group tensor : tensors(parameters)) {
            if (tensor.weights().size() < MIN_ELEMENTS) {
                few.add(tensor);
            } else {
                many.computeIfAbsent(tensor.isDecayed(), decayed -> new ArrayList<>())
                        .add(tensor);
            }
        }
        this.small = new AdamW(memory, few, parameters.type(), config);
        List<NDArray> maps = Stream.of(DynamicMap.SIGNED, DynamicMap.UNSIGNED)
                .flatMap(map -> arrays(map).stream())
                .toList();
        many.forEach((decayed, tensors) -> {
            AdamW8bitState state = state(tensors, maps);
            states.put(decayed, state);
            parts.put(decayed, parts(state));
        });
    }

    /** Splits a state for several threads; blocks are independent of each other. */
    private List<AdamW8bitState> parts(AdamW8bitState state) {
        List<NDArray> weights = state.trained().weights();
        long elements = weights.stream().mapToLong(NDArray::size).sum();
        int count = elements < MIN_SPLIT ? 1 : memory.workspace().threads();
        long share = (elements / count / Blockwise8.BLOCK + 1) * Blockwise8.BLOCK;
        List<AdamW8bitState> parts = new ArrayList<>();
        for (long from = 0; from < elements; from += share) {
            parts.add(part(state, from, from + share));
        }
        return parts;
    }

    /**
     * The elements {@code [from, to)} of the concatenation of all tensors. Tensors are split between two blocks only.
     */
    private static AdamW8bitState part(AdamW8bitState state, long from, long to) {
        AdamW8bitState part = new AdamW8bitState(
                new Trained(new ArrayList<>(), new ArrayList<>()),
                new Quantized(new ArrayList<>(), new ArrayList<>()),
                new Quantized(new ArrayList<>(), new ArrayList<>()),
                state.maps(),
                state.block());
        long start = 0;
        for (int i = 0; i < state.trained().weights().size(); i++) {
            long size = state.trained().weights().get(i).size();
            long first = cut(from - start, size);
            long last = cut(to - start, size);
            if (last > first) {
                add(state.trained().weights(), i, first, last, part.trained().weights());
                add(state.trained().gradients(), i, first, last, part.trained().gradients());
                addBlocks(state.firstMoments(), i, first, last, part.firstMoments());
                addBlocks(state.secondMoments(), i, first, last, part.secondMoments());
            }
            start += size;
        }
        return part;
    }

    /** The nearest position in a tensor that is a block boundary or its end. */
    private static long cut(long place, long size) {
        long whole = Math.max(0, place) / Blockwise8.BLOCK * Blockwise8.BLOCK;
        return place >= size ? size : whole;
    }

    private static void add(List<NDArray> arrays, int index, long first, long last, List<NDArray> target) {
        target.add(Workspace.slice(arrays.get(index), first, last));
    }

    private static void addBlocks(Quantized moments, int index, long first, long last, Quantized target) {
        add(moments.codes(), index, first, last, target.codes());
        long lastBlock = (last + Blockwise8.BLOCK - 1) / Blockwise8.BLOCK;
        add(moments.absmax(), index, first / Blockwise8.BLOCK, lastBlock, target.absmax());
    }

    /** Bytes of both moments of a tensor. */
    static long bytes(long elements) {
        long blocks = (elements + Blockwise8.BLOCK - 1) / Blockwise8.BLOCK;
        return 2 * (elements < MIN_ELEMENTS ? Float.BYTES * elements : elements + Float.BYTES * blocks);
    }

    /** Each trained tensor as a flat group of its own. */
    private static List<Group> tensors(TrainedParameters parameters) {
        return parameters.specs().stream()
                .map(spec -> new Group(
                        flat(Workspace.detach(parameters.weight(spec.name()))),
                        flat(parameters.gradient(spec.name())),
                        spec.isDecayed()))
                .toList();
    }

    private static NDArray flat(NDArray array) {
        return Workspace.view(array, new Shape(array.size()));
    }

    private List<NDArray> arrays(DynamicMap map) {
        Workspace workspace = memory.workspace();
        return List.of(
                workspace.floats(map.levels(), new Shape(map.levels().length)), workspace.shortInts(map.cells()));
    }

    private AdamW8bitState state(List<Group> tensors, List<NDArray> maps) {
        Trained trained = new Trained(
                tensors.stream().map(Group::weights).toList(),
                tensors.stream().map(Group::gradients).toList());
        return new AdamW8bitState(trained, zeros(trained.weights()), zeros(trained.weights()), maps, Blockwise8.BLOCK);
    }

    /** Quantized zeros: code 0 with an absmax of 0. */
    private Quantized zeros(List<NDArray> like) {
        List<NDArray> codes = new ArrayList<>();
        List<NDArray> absmax = new ArrayList<>();
        for (NDArray array : like) {
            codes.add(memory.bytes(array.size()));
            absmax.add(memory.floats((array.size() + Blockwise8.BLOCK - 1) / Blockwise8.BLOCK));
        }
        return new Quantized(codes, absmax);
    }

    @Override
    public void step(int number, double learningRate, double gradientNorm) {
        small.step(number, learningRate, gradientNorm);
        double divisor = Optimizer.divisor(config, gradientNorm);
        int count = (int) steps.getFloat() + 1;
        Workspace.memory(steps).putFloat(0, count);
        parts.forEach((decayed, some) -> {
            AdamWStep step = new AdamWStep(
                    learningRate,
                    config.adamBeta1(),
                    config.adamBeta2(),
                    decayed ? config.weightDecay() : 0,
                    config.adamEpsilon(),
                    divisor);
            update(some, step, count, Optimizer.key(config, number));
        });
    }

    private void update(List<AdamW8bitState> some, AdamWStep step, int count, long key) {
        List<Runnable> works = some.stream()
                .<Runnable>map(part -> () -> kernels.adamw8bit(part, step, count, key))
                .toList();
        if (works.size() == 1) {
            Workspace.scoped(() -> {
                works.get(0).run();
                return null;
            });
        } else {
            memory.workspace().sideBySide(works);
        }
    }

    /** Codes and absmax of both moments, the moments of small tensors, and the number of updates. */
    @Override
    public StateArrays arrays() {
        StateArrays arrays = new StateArrays();
        arrays.add("8bit.step", List.of(steps));
        states.forEach((decayed, state) -> {
            String group = decayed ? "8bit.decayed" : "8bit.not_decayed";
            add(group + ".exp_avg", state.firstMoments(), arrays);
            add(group + ".exp_avg_sq", state.secondMoments(), arrays);
        });
        arrays.addAll(small.arrays());
        return arrays;
    }

    private static void add(String name, Quantized moments, StateArrays arrays) {
        arrays.add(name, moments.codes());
        arrays.add(name + ".absmax", moments.absmax());
    }
}
