package dev.temper.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.temper.kernel.OptimizerKernels;
import dev.temper.kernel.OptimizerKernels.AdamW8bitState;
import dev.temper.kernel.OptimizerKernels.Quantized;
import dev.temper.kernel.TrainingKernels.AdamWStep;
import dev.temper.kernel.TrainingKernels.Trained;
import dev.temper.kernel.Workspace;
import dev.temper.model.TrainedParameters;
import dev.temper.model.TrainedParameters.Group;
import dev.temper.quant.Blockwise8;
import dev.temper.quant.DynamicMap;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * AdamW with both moments in 8 bits, in blocks of 256 with a float32 absmax: 2.03 bytes a parameter instead of 8.
 * Tensors of less than 4096 elements keep float32 moments. The update is that of bitsandbytes.
 *
 * @see <a href="https://arxiv.org/abs/2110.02861">8-bit Optimizers via Block-wise Quantization</a>
 */
final class AdamW8bit implements Optimizer {
    /** From how many elements on a tensor's moments are quantized; as in bitsandbytes. */
    static final int MIN_ELEMENTS = 4096;

    private final Workspace workspace;
    private final OptimizerKernels kernels;
    private final TrainingConfig config;
    private final AdamW small;
    private final Map<Boolean, AdamW8bitState> states = new LinkedHashMap<>(); // by whether they are decayed
    private final NDArray steps;

    AdamW8bit(Workspace workspace, TrainedParameters parameters, TrainingConfig config) {
        this.workspace = workspace;
        this.kernels = new OptimizerKernels(workspace);
        this.config = config;
        this.steps = workspace.scalar(0);
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
        this.small = new AdamW(workspace, few, config);
        List<NDArray> maps = Stream.of(DynamicMap.SIGNED, DynamicMap.UNSIGNED)
                .flatMap(map -> arrays(map).stream())
                .toList();
        many.forEach((decayed, tensors) -> states.put(decayed, state(tensors, maps)));
    }

    /** Bytes of both moments of a tensor. */
    static long bytes(long elements) {
        long blocks = (elements + Blockwise8.BLOCK - 1) / Blockwise8.BLOCK;
        return 2 * (elements < MIN_ELEMENTS ? Float.BYTES * elements : elements + Float.BYTES * blocks);
    }

    /** Each trained tensor by itself, flat. */
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
        byte[] cells = map.cells();
        NDArray array = workspace.bytes(cells.length);
        Workspace.memory(array).put(cells);
        float[] edges = map.edges();
        return List.of(
                workspace.floats(map.levels(), new Shape(map.levels().length)),
                array,
                workspace.floats(edges, new Shape(edges.length)));
    }

    private AdamW8bitState state(List<Group> tensors, List<NDArray> maps) {
        Trained trained = new Trained(
                tensors.stream().map(Group::weights).toList(),
                tensors.stream().map(Group::gradients).toList());
        return new AdamW8bitState(trained, zeros(trained.weights()), zeros(trained.weights()), maps, Blockwise8.BLOCK);
    }

    /** Code 0 times an absmax of 0. */
    private Quantized zeros(List<NDArray> like) {
        List<NDArray> codes = new ArrayList<>();
        List<NDArray> absmax = new ArrayList<>();
        for (NDArray array : like) {
            NDArray bytes = workspace.bytes(array.size());
            workspace.training().clear(bytes);
            codes.add(bytes);
            absmax.add(workspace.zeros(new Shape((array.size() + Blockwise8.BLOCK - 1) / Blockwise8.BLOCK)));
        }
        return new Quantized(codes, absmax);
    }

    @Override
    public void step(double learningRate, double gradientNorm) {
        small.step(learningRate, gradientNorm);
        double divisor = Optimizer.divisor(config, gradientNorm);
        int number = (int) steps.getFloat() + 1;
        Workspace.memory(steps).putFloat(0, number);
        Workspace.scoped(() -> {
            states.forEach((decayed, state) -> kernels.adamw8bit(
                    state,
                    new AdamWStep(
                            learningRate,
                            config.adamBeta1(),
                            config.adamBeta2(),
                            decayed ? config.weightDecay() : 0,
                            config.adamEpsilon(),
                            divisor),
                    number));
            return null;
        });
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
