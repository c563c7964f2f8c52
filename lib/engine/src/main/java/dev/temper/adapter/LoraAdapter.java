package dev.temper.adapter;

import static dev.temper.check.Check.check;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.temper.kernel.Workspace;
import dev.temper.model.Architecture;
import dev.temper.model.Decoder;
import dev.temper.model.LabelledStream;
import dev.temper.model.LayerWeights;
import dev.temper.model.ModelWeights;
import dev.temper.model.Parameter;
import dev.temper.model.TrainedParameters;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorInfo;
import dev.temper.safetensors.TensorWriter;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;

/**
 * Trainable low-rank updates of frozen projections: {@code y = base(x) + scale * B A x}.
 *
 * <p>Shapes: {@code A (R, I)}, {@code B (O, R)}, float32. {@code B} starts at zero, so a fresh adapter reproduces the
 * base model exactly; {@code A} is uniform in {@code ±1/sqrt(I)}, as in PEFT.
 *
 * @see <a href="https://arxiv.org/abs/2106.09685">LoRA</a>
 */
public final class LoraAdapter {
    private static final String NAME = "adapter_model";
    private static final int MANY_MODULES = 20; // from which on PEFT shortens their names

    private final LoraConfig config;
    private final List<Parameter> targets;
    private final TrainedParameters parameters;

    private LoraAdapter(LoraConfig config, List<Parameter> targets, TrainedParameters parameters) {
        this.config = config;
        this.targets = targets;
        this.parameters = parameters;
    }

    /**
     * The projections that a config means: those whose module has the name or ends in {@code .name}.
     *
     * @throws dev.temper.check.InvalidInputException when a name matches nothing
     */
    public static List<Parameter> targets(LoraConfig config, Architecture architecture) {
        List<Parameter> linear = architecture.parameters().stream()
                .filter(Parameter::isProjection)
                .toList();
        if (config.targetModules().equals(List.of(LoraConfig.ALL_LINEAR))) {
            return linear;
        }
        for (String name : config.targetModules()) {
            check(
                    linear.stream().anyMatch(parameter -> isNamed(parameter, name)),
                    "adapter.target_modules: %s matches no projection of a %s model; it has %s",
                    name,
                    architecture.modelType(),
                    new TreeSet<>(linear.stream().map(Parameter::key).toList()));
        }
        return linear.stream()
                .filter(parameter -> config.targetModules().stream().anyMatch(name -> isNamed(parameter, name)))
                .toList();
    }

    private static boolean isNamed(Parameter parameter, String name) {
        return parameter.module().equals(name) || parameter.module().endsWith("." + name);
    }

    /** The parameters to allocate for an adapter; both matrices are decayed, as in PEFT with Trainer. */
    public static List<TrainedParameters.Spec> specs(LoraConfig config, Architecture architecture) {
        List<TrainedParameters.Spec> specs = new ArrayList<>();
        for (Parameter target : targets(config, architecture)) {
            Shape downShape = new Shape(config.r(), target.inputs());
            Shape upShape = new Shape(target.outputs(), config.r());
            specs.add(new TrainedParameters.Spec(down(target), downShape, target.layer(), true));
            specs.add(new TrainedParameters.Spec(up(target), upShape, target.layer(), true));
        }
        return specs;
    }

    private static String down(Parameter target) {
        return "base_model.model." + target.module() + ".lora_A.weight";
    }

    private static String up(Parameter target) {
        return "base_model.model." + target.module() + ".lora_B.weight";
    }

    /** A fresh adapter; its random start depends on the seed and the names alone. */
    public static LoraAdapter create(LoraConfig config, Decoder decoder, TrainedParameters parameters, long seed) {
        LoraAdapter adapter = new LoraAdapter(config, targets(config, decoder.architecture()), parameters);
        for (Parameter target : adapter.targets) {
            NDArray down = parameters.weight(down(target));
            float[] values = uniform(down.getShape(), seed ^ down(target).hashCode());
            Workspace.scoped(() -> {
                decoder.workspace().training().copy(decoder.workspace().floats(values, down.getShape()), down);
                return null;
            });
        }
        adapter.attach(decoder);
        return adapter;
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
    public static LoraAdapter load(LoraConfig config, Folder folder, Decoder decoder, TrainedParameters parameters)
            throws IOException {
        LoraAdapter adapter = new LoraAdapter(config, targets(config, decoder.architecture()), parameters);
        TensorFiles files =
                TensorFiles.open(folder.store().localPath(folder.location()).orElseThrow(), NAME);
        TreeSet<String> unknown = new TreeSet<>(files.index().names());
        for (TrainedParameters.Spec spec : parameters.specs()) {
            unknown.remove(spec.name());
            verify(files, spec, folder.location());
            Workspace.scoped(() -> {
                NDArray values = ModelWeights.read(decoder.workspace(), files, spec.name());
                decoder.workspace().training().copy(values, parameters.weight(spec.name()));
                return null;
            });
        }
        check(
                unknown.isEmpty(),
                "%s holds %s, which its %s does not explain",
                folder.location(),
                unknown.isEmpty() ? "" : unknown.first(),
                AdapterFile.CONFIG);
        adapter.attach(decoder);
        return adapter;
    }

    private static void verify(TensorFiles files, TrainedParameters.Spec spec, String location) {
        TensorInfo tensor = files.index().find(spec.name()).orElse(null);
        check(tensor != null, "%s: the tensor %s is missing from the adapter", location, spec.name());
        check(
                spec.shape().equals(new Shape(tensor.shape())),
                "%s: %s has the shape %s, but this base model needs %s: the adapter belongs to another base",
                location,
                spec.name(),
                Arrays.toString(tensor.shape()),
                spec.shape());
        ModelWeights.checkType(tensor, location);
    }

    private void attach(Decoder decoder) {
        for (Parameter target : targets) {
            LayerWeights layer = decoder.dictionary(target.layer());
            layer.put(target.key() + ".lora_A", parameters.weight(down(target)), parameters.gradient(down(target)));
            layer.put(target.key() + ".lora_B", parameters.weight(up(target)), parameters.gradient(up(target)));
            layer.put(target.key() + ".scale", decoder.workspace().scalar((float) config.scale()));
            if (config.loraDropout() > 0) {
                long threshold = Math.round(config.loraDropout() * (1 << 24));
                long salt = LabelledStream.mix(target.name().hashCode());
                layer.put(target.key() + ".dropout", decoder.workspace().ints(threshold, salt));
            }
        }
    }

    /**
     * Writes the folder that PEFT reads.
     *
     * @param base what {@code base_model_name_or_path} shall say
     */
    public void save(Folder folder, String base) throws IOException {
        List<TensorWriter.Tensor> tensors = parameters.specs().stream()
                .sorted((a, b) -> a.name().compareTo(b.name()))
                .map(spec -> new TensorWriter.Tensor(spec.name(), spec.shape().getShape(), () -> memory(spec)))
                .toList();
        TensorWriter.write(folder, NAME, tensors, Long.MAX_VALUE);
        boolean isFanInFanOut = targets.stream().anyMatch(target -> target.kind() == Parameter.Kind.CONV1D);
        AdapterFile.write(folder, config, new AdapterFile.Written(targetNames(), isFanInFanOut, base));
    }

    /** As PEFT does it: all-linear becomes the modules' names, and their last parts when these are many. */
    private List<String> targetNames() {
        if (!config.targetModules().equals(List.of(LoraConfig.ALL_LINEAR))) {
            return config.targetModules();
        }
        List<String> modules = targets.stream().map(Parameter::module).toList();
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

    /** A base weight with its update added, if it has one: {@code W + scale * B A}. The caller closes a new array. */
    public NDArray merged(Parameter parameter, NDArray weight) {
        if (!targets.contains(parameter)) {
            return weight;
        }
        NDArray down = Workspace.detach(parameters.weight(down(parameter)));
        NDArray up = Workspace.detach(parameters.weight(up(parameter)));
        NDArray update = up.matMul(down).mul(config.scale());
        return weight.add(parameter.kind() == Parameter.Kind.CONV1D ? update.transpose() : update);
    }

    public LoraConfig config() {
        return config;
    }
}
