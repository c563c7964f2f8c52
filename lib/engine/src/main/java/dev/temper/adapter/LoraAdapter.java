package dev.temper.adapter;

import static dev.temper.check.Check.check;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.temper.kernel.Workspace;
import dev.temper.model.Architecture;
import dev.temper.model.LabelledStream;
import dev.temper.model.LayerWeights;
import dev.temper.model.ModelWeights;
import dev.temper.model.Network;
import dev.temper.model.NewHead;
import dev.temper.model.Parameter;
import dev.temper.model.StoredModel;
import dev.temper.model.TrainedParameters;
import dev.temper.model.TrainedWeights;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorInfo;
import dev.temper.safetensors.TensorWriter;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Trainable low-rank updates of frozen projections: {@code y = base(x) + scale * B A x}.
 *
 * <p>Shapes: {@code A (R, I)}, {@code B (O, R)}, float32 or bfloat16. {@code B} starts at zero, so a fresh adapter
 * reproduces the base model exactly; {@code A} is uniform in {@code ±1/sqrt(I)}, as in PEFT. Modules may be trained
 * whole beside it.
 *
 * @see <a href="https://arxiv.org/abs/2106.09685">LoRA</a>
 */
public final class LoraAdapter {
    static final String NAME = "adapter_model";
    private static final int MANY_MODULES = 20; // from which on PEFT shortens their names

    private final LoraConfig config;
    private final Architecture architecture;
    private final LoraTargets targets;
    private final TrainedParameters parameters;

    private LoraAdapter(LoraConfig config, Architecture architecture, TrainedParameters parameters) {
        this.config = config;
        this.architecture = architecture;
        this.targets = LoraTargets.of(config, architecture);
        this.parameters = parameters;
    }

    /**
     * The parameters to allocate for an adapter.
     *
     * @throws dev.temper.check.InvalidInputException when a name of the config matches nothing
     */
    public static List<TrainedParameters.Spec> specs(LoraConfig config, Architecture architecture) {
        return LoraTargets.of(config, architecture).specs();
    }

    /** A fresh adapter; its random start depends on the seed and the names alone. */
    public static LoraAdapter create(LoraConfig config, Network network, TrainedParameters parameters, long seed) {
        LoraAdapter adapter = new LoraAdapter(config, network.architecture(), parameters);
        Workspace workspace = network.workspace();
        for (LoraTarget target : adapter.targets.updated()) {
            Workspace.scoped(() -> {
                adapter.start(target, workspace, seed);
                if (target.hasMagnitude()) {
                    NDArray weight = network.weight(target.parameter());
                    NDArray norms = norms(
                            adapter.adapted(target, target.parameter().isTransposed() ? weight.transpose() : weight));
                    workspace.training().copy(norms, parameters.weight(target.magnitude()));
                }
                return null;
            });
        }
        for (Parameter saved : adapter.targets.saved()) {
            workspace.training().copy(network.weight(saved), parameters.weight(LoraTargets.name(saved)));
        }
        adapter.attach(network);
        return adapter;
    }

    /**
     * Refuses an adapter that would be saved without a part of a new head: nobody could compute with it again.
     *
     * @throws dev.temper.check.InvalidInputException naming what to save beside the adapter
     */
    public static void checkSaved(NewHead newHead, List<TrainedParameters.Spec> specs) {
        for (Parameter parameter : newHead.parameters()) {
            String name = LoraTargets.name(parameter);
            check(
                    specs.stream().anyMatch(spec -> spec.name().equals(name)),
                    "the base's weights lack %s, and the adapter would be saved without it: add %s to "
                            + "adapter.modules_to_save",
                    parameter.name(),
                    parameter.module());
        }
    }

    /** Which parameters of the base are trained whole beside the updates. */
    public static Predicate<Parameter> trainedWhole(List<TrainedParameters.Spec> specs) {
        Set<String> names = specs.stream().map(TrainedParameters.Spec::name).collect(Collectors.toSet());
        return parameter -> names.contains(LoraTargets.name(parameter));
    }

    /** What gets gradients with such an adapter. */
    public static TrainedWeights trained(LoraConfig config, Architecture architecture) {
        LoraTargets targets = LoraTargets.of(config, architecture);
        Map<Parameter, Integer> ranks =
                targets.updated().stream().collect(Collectors.toMap(LoraTarget::parameter, LoraTarget::rank));
        return new TrainedWeights(targets.saved()::contains, ranks, config.loraDropout() > 0, config.useDora());
    }

    private void start(LoraTarget target, Workspace workspace, long seed) {
        NDArray down = parameters.weight(target.down());
        NDArray up = parameters.weight(target.up());
        long downSeed = seed ^ target.down().hashCode();
        float[] values = config.initLoraWeights().equals(LoraConfig.GAUSSIAN)
                ? gaussian(down.getShape(), downSeed)
                : uniform(down.getShape(), downSeed);
        workspace.training().copy(workspace.floats(values, down.getShape()), down);
        if (config.initLoraWeights().equals(false)) {
            float[] upValues = uniform(up.getShape(), seed ^ target.up().hashCode());
            workspace.training().copy(workspace.floats(upValues, up.getShape()), up);
        }
    }

    /** Standard deviation {@code 1 / R}. */
    private static float[] gaussian(Shape shape, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[(int) shape.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextGaussian() / shape.get(0));
        }
        return values;
    }

    private static float[] uniform(Shape shape, long seed) {
        double bound = 1 / Math.sqrt((double) shape.get(1));
        float[] values = new float[(int) shape.size()];
        for (int i = 0; i < values.length; i++) {
            double unit = (LabelledStream.mix(seed + i) >>> 11) * 0x1.0p-53;
            values[i] = (float) ((2 * unit - 1) * bound);
        }
        return values;
    }

    /**
     * Reads the weights of an adapter folder, ours or PEFT's, into {@code parameters}.
     *
     * @param config from {@link AdapterFile#read}
     * @throws dev.temper.check.InvalidInputException when a tensor is missing, unknown, or of another base's shape
     */
    public static LoraAdapter load(LoraConfig config, Folder folder, Network network, TrainedParameters parameters)
            throws IOException {
        LoraAdapter adapter = new LoraAdapter(config, network.architecture(), parameters);
        adapter.read(folder, network.workspace());
        adapter.attach(network);
        return adapter;
    }

    /** The weights of an adapter folder beside a base that is not loaded, to be {@link #merged} into it. */
    static LoraAdapter beside(StoredModel base, Folder folder, Workspace workspace) throws IOException {
        LoraConfig config = AdapterFile.read(folder, base.architecture().task());
        List<TrainedParameters.Spec> specs = specs(config, base.architecture());
        checkSaved(base.newHead(), specs);
        TrainedParameters parameters = new TrainedParameters(workspace, specs);
        LoraAdapter adapter = new LoraAdapter(config, base.architecture(), parameters);
        adapter.read(folder, workspace);
        return adapter;
    }

    private void read(Folder folder, Workspace workspace) throws IOException {
        TensorFiles files =
                TensorFiles.open(folder.store().localPath(folder.location()).orElseThrow(), NAME);
        TreeSet<String> unknown = new TreeSet<>(files.index().names());
        for (TrainedParameters.Spec spec : parameters.specs()) {
            unknown.remove(spec.name());
            verify(files, spec, folder.location());
            Workspace.scoped(() -> {
                NDArray values = ModelWeights.read(workspace, files, spec.name());
                workspace.training().copy(values, parameters.weight(spec.name()));
                return null;
            });
        }
        check(
                unknown.isEmpty(),
                "%s holds %s, which its %s does not explain",
                folder.location(),
                unknown.isEmpty() ? "" : unknown.first(),
                AdapterFile.CONFIG);
    }

    private void verify(TensorFiles files, TrainedParameters.Spec spec, String location) {
        TensorInfo tensor = files.index().find(spec.name()).orElse(null);
        check(tensor != null, "%s: the tensor %s is missing from the adapter", location, spec.name());
        boolean isHead = architecture
                .classifier()
                .filter(classifier -> targets.saved().stream()
                        .anyMatch(saved -> LoraTargets.name(saved).equals(spec.name()) && classifier.owns(saved)))
                .isPresent();
        check(
                !isHead || tensor.shape()[0] == spec.shape().get(0),
                "%s: the adapter's head has %d classes in %s, the model has %d: name the adapter's, in their order",
                location,
                tensor.shape()[0],
                spec.name(),
                spec.shape().get(0));
        check(
                spec.shape().equals(new Shape(tensor.shape())),
                "%s: %s has the shape %s, but this base model needs %s: the adapter belongs to another base",
                location,
                spec.name(),
                Arrays.toString(tensor.shape()),
                spec.shape());
        ModelWeights.checkType(tensor, location);
    }

    private void attach(Network network) {
        for (LoraTarget target : targets.updated()) {
            LayerWeights layer = network.dictionary(target.parameter().layer());
            String key = target.parameter().key();
            layer.put(key + ".lora_A", parameters, target.down());
            layer.put(key + ".lora_B", parameters, target.up());
            layer.put(key + ".scale", network.workspace().scalar((float) target.scale()));
            if (target.hasMagnitude()) {
                layer.put(key + ".magnitude", parameters, target.magnitude());
            }
            if (config.loraDropout() > 0) {
                long salt = LabelledStream.mix(target.parameter().name().hashCode());
                layer.put(key + ".dropout", network.workspace().dropout(config.loraDropout(), salt));
            }
        }
        for (Parameter saved : targets.saved()) {
            network.train(saved, parameters, LoraTargets.name(saved));
        }
        parameters.weightsChanged();
    }

    /**
     * Writes the folder that PEFT reads.
     *
     * @param base what {@code base_model_name_or_path} shall say
     */
    public void save(Folder folder, String base) throws IOException {
        List<TensorWriter.Tensor> tensors = parameters.specs().stream()
                .sorted((a, b) -> a.name().compareTo(b.name()))
                .map(spec -> new TensorWriter.Tensor(
                        spec.name(), parameters.type().dtype(), spec.shape().getShape(), () -> memory(spec)))
                .toList();
        TensorWriter.write(folder, NAME, tensors, Long.MAX_VALUE);
        boolean isFanInFanOut =
                targets.updated().stream().anyMatch(target -> target.parameter().isTransposed());
        AdapterFile.write(
                folder,
                config,
                new AdapterFile.Written(
                        targetNames(),
                        LoraTargets.modulesToSave(config, architecture),
                        isFanInFanOut,
                        architecture.task(),
                        base));
    }

    /** As PEFT does it: all-linear becomes the modules' names, and their last parts when these are many. */
    private List<String> targetNames() {
        if (!config.isAllLinear()) {
            return config.targetModules();
        }
        List<String> modules = targets.updated().stream()
                .map(target -> target.parameter().module())
                .toList();
        if (modules.size() < MANY_MODULES) {
            return modules;
        }
        return modules.stream()
                .map(module -> module.substring(module.lastIndexOf('.') + 1))
                .distinct()
                .toList();
    }

    private ByteBuffer memory(TrainedParameters.Spec spec) {
        return Workspace.memory(parameters.weight(spec.name()));
    }

    /**
     * A base weight with its update added, if it has one: {@code W + scale * B A}, its rows stretched to their
     * magnitudes in DoRA. The caller closes a new array.
     */
    public NDArray merged(Parameter parameter, NDArray weight) {
        Optional<LoraTarget> found = targets.updated().stream()
                .filter(target -> target.parameter().equals(parameter))
                .findFirst();
        if (found.isEmpty()) {
            return weight;
        }
        LoraTarget target = found.get();
        boolean isTransposed = parameter.isTransposed();
        NDArray sum = adapted(target, isTransposed ? weight.transpose() : weight);
        if (target.hasMagnitude()) {
            NDArray magnitude = parameters.values(target.magnitude());
            sum = sum.mul(magnitude.div(norms(sum)).expandDims(1));
        }
        return isTransposed ? sum.transpose() : sum;
    }

    /** {@code W + scale * B A}, (O, I). */
    private NDArray adapted(LoraTarget target, NDArray weight) {
        NDArray down = parameters.values(target.down());
        NDArray up = parameters.values(target.up());
        return up.matMul(down).muli(target.scale()).addi(weight);
    }

    private static NDArray norms(NDArray rows) {
        return rows.norm(new int[] {1});
    }

    /** The weight of a parameter that was trained whole beside the updates; empty for any other. */
    Optional<NDArray> saved(Parameter parameter) {
        return targets.saved().contains(parameter)
                ? Optional.of(Workspace.detach(parameters.weight(LoraTargets.name(parameter))))
                : Optional.empty();
    }

    /** Whether merging changes a parameter. */
    boolean changes(Parameter parameter) {
        return targets.saved().contains(parameter)
                || targets.updated().stream()
                        .anyMatch(target -> target.parameter().equals(parameter));
    }

    /** Its weights. */
    public TrainedParameters parameters() {
        return parameters;
    }

    public LoraConfig config() {
        return config;
    }
}
