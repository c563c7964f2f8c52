package dev.temper.adapter;

import static dev.temper.check.Check.check;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.temper.kernel.Workspace;
import dev.temper.model.Architecture;
import dev.temper.model.LayerWeights;
import dev.temper.model.Network;
import dev.temper.model.NewHead;
import dev.temper.model.Parameter;
import dev.temper.model.SplitMix;
import dev.temper.model.TrainedParameters;
import dev.temper.model.TrainedWeights;
import dev.temper.safetensors.TensorWriter;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
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

    private final PeftConfig config;
    private final LoraTargets targets;
    private final TrainedParameters parameters;
    private Optional<AdapterTensors> tensors = Optional.empty(); // that it was read from
    private Optional<Network> network = Optional.empty(); // that it was attached to

    private LoraAdapter(PeftConfig config, LoraTargets targets, TrainedParameters parameters) {
        this.config = config;
        this.targets = targets;
        this.parameters = parameters;
    }

    /**
     * The parameters to allocate for an adapter.
     *
     * @throws dev.temper.check.InvalidInputException when a name of the config matches nothing
     */
    public static List<TrainedParameters.Spec> specs(LoraConfig config, Architecture architecture) {
        return specs(PeftConfig.of(config), architecture);
    }

    /**
     * The parameters to allocate for an adapter that may come from outside.
     *
     * @throws dev.temper.check.InvalidInputException when nothing of the base is meant by it
     */
    public static List<TrainedParameters.Spec> specs(PeftConfig config, Architecture architecture) {
        return LoraTargets.of(config, architecture).specs();
    }

    /** The base's architecture with the output head and the number of tokens that an adapter has. */
    public static Architecture adapted(PeftConfig config, Architecture base) {
        return LoraTargets.of(config, base).architecture();
    }

    /** A fresh adapter; its random start depends on the seed and the names alone. */
    public static LoraAdapter create(LoraConfig config, Network network, TrainedParameters parameters, long seed) {
        PeftConfig fresh = PeftConfig.of(config);
        LoraAdapter adapter = new LoraAdapter(fresh, LoraTargets.of(fresh, network.architecture()), parameters);
        Workspace workspace = network.workspace();
        for (LoraTarget target : adapter.targets.updated()) {
            Workspace.scoped(() -> {
                adapter.start(target, workspace, seed);
                if (target.hasMagnitude()) {
                    NDArray weight = network.weight(target.parameter());
                    NDArray norms = norms(adapter.adapted(target, target.isTransposed() ? weight.transpose() : weight));
                    workspace.tensors().copy(norms, parameters.weight(target.magnitude()));
                }
                return null;
            });
        }
        adapter.targets.saved().forEach(saved -> adapter.startFromBase(saved, network));
        for (TokenRows rows : adapter.targets.rows()) {
            Workspace.scoped(() -> {
                NDArray start = workspace.tensors().rows(network.weight(rows.table()), workspace.ints(rows.indices()));
                workspace.tensors().copy(start, parameters.weight(rows.name()));
                return null;
            });
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

    /**
     * Refuses an adapter that was trained in a way that we do not have; it can be used all the same.
     *
     * @throws dev.temper.check.InvalidInputException naming what cannot go on
     */
    public static void checkTrainable(PeftConfig config, Architecture architecture) {
        String rest = "it can be evaluated, merged and used, but not trained on";
        check(
                !config.says("init_lora_weights", "mica"),
                "adapter.init_from: init_lora_weights: mica: B stays as it is while A is trained; %s",
                rest);
        for (String field : List.of("velora_config", "monteclora_config")) {
            check(
                    !config.sets(field),
                    "adapter.init_from: %s: its updates are computed in another way while training; %s",
                    field,
                    rest);
        }
        check(
                !config.sets("ensure_weight_tying") || !architecture.isTied(),
                "adapter.init_from: ensure_weight_tying: one tensor is trained under two names; %s",
                rest);
        check(
                LoraTargets.of(config, architecture).updated().stream()
                        .noneMatch(target -> target.isVocabularyHead() && target.hasBias()),
                "adapter.init_from: lora_bias: the update of lm_head has a bias; %s",
                rest);
    }

    /** Which parameters of the base are trained whole beside the updates. */
    public static Predicate<Parameter> trainedWhole(List<TrainedParameters.Spec> specs) {
        Set<String> names = specs.stream().map(TrainedParameters.Spec::name).collect(Collectors.toSet());
        return parameter -> names.contains(LoraTargets.name(parameter))
                || names.contains(LoraTargets.wrapped(parameter, LoraTargets.BASE));
    }

    /** What gets gradients with such an adapter. */
    public static TrainedWeights trained(LoraConfig config, Architecture architecture) {
        return trained(PeftConfig.of(config), architecture);
    }

    /** What gets gradients when training goes on from such an adapter. */
    public static TrainedWeights trained(PeftConfig config, Architecture architecture) {
        LoraTargets targets = LoraTargets.of(config, architecture);
        Map<Parameter, Integer> ranks =
                targets.updated().stream().collect(Collectors.toMap(LoraTarget::parameter, LoraTarget::rank));
        boolean drops = config.lora().loraDropout() > 0;
        return new TrainedWeights(
                targets.saved()::contains,
                ranks,
                drops,
                config.lora().useDora(),
                targets.rows().stream().map(TokenRows::table).toList(),
                List.copyOf(targets.replaced().keySet()));
    }

    private void startFromBase(Parameter saved, Network network) {
        Workspace.scoped(() -> {
            network.workspace().tensors().copy(network.weight(saved), parameters.weight(targets.tensor(saved)));
            return null;
        });
    }

    private void start(LoraTarget target, Workspace workspace, long seed) {
        NDArray down = parameters.weight(target.down());
        NDArray up = parameters.weight(target.up());
        long downSeed = seed ^ target.down().hashCode();
        float[] values = config.lora().initLoraWeights().equals(LoraConfig.GAUSSIAN)
                ? gaussian(down.getShape(), downSeed)
                : uniform(down.getShape(), downSeed);
        workspace.tensors().copy(workspace.floats(values, down.getShape()), down);
        if (config.lora().initLoraWeights().equals(false)) {
            float[] upValues = uniform(up.getShape(), seed ^ target.up().hashCode());
            workspace.tensors().copy(workspace.floats(upValues, up.getShape()), up);
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
            double unit = (SplitMix.mix(seed + i) >>> 11) * 0x1.0p-53;
            values[i] = (float) ((2 * unit - 1) * bound);
        }
        return values;
    }

    /**
     * Reads the weights of an adapter folder, ours or PEFT's, into {@code parameters}.
     *
     * @param config from {@link AdapterFile#read}
     * @throws dev.temper.check.InvalidInputException when a tensor is missing, or of another base's shape
     */
    public static LoraAdapter load(PeftConfig config, Folder folder, Network network, TrainedParameters parameters)
            throws IOException {
        return load(config, LoraTargets.of(config, network.architecture()), folder, network, parameters);
    }

    /** As {@link #load(PeftConfig, Folder, Network, TrainedParameters)}, over a network made for the targets. */
    static LoraAdapter load(
            PeftConfig config, LoraTargets targets, Folder folder, Network network, TrainedParameters parameters)
            throws IOException {
        LoraAdapter adapter = new LoraAdapter(config, targets, parameters);
        AdapterTensors tensors = AdapterTensors.open(folder, network.workspace(), targets);
        tensors.read(parameters);
        for (Parameter parameter : targets.replaced().keySet()) {
            network.replace(parameter, tensors.replaced(parameter));
        }
        tensors.absent().forEach(absent -> adapter.startFromBase(absent, network));
        adapter.tensors = Optional.of(tensors);
        adapter.attach(network);
        return adapter;
    }

    /** The weights of an adapter folder beside a base that is not loaded, to be {@link #merged} into it. */
    static LoraAdapter beside(PeftConfig config, LoraTargets targets, Folder folder, Workspace workspace)
            throws IOException {
        LoraAdapter adapter = new LoraAdapter(config, targets, new TrainedParameters(workspace, targets.specs()));
        AdapterTensors tensors = AdapterTensors.open(folder, workspace, targets);
        tensors.read(adapter.parameters);
        adapter.tensors = Optional.of(tensors);
        return adapter;
    }

    private void attach(Network network) {
        this.network = Optional.of(network);
        for (LoraTarget target : targets.updated()) {
            LayerWeights layer = network.dictionary(target.parameter().layer());
            String key = target.key();
            String part = target.isEmbedding() ? "lora_embedding_" : "lora_";
            layer.put(key + part + "A", parameters, target.down());
            layer.put(key + part + "B", parameters, target.up());
            layer.put(key + "scale", network.workspace().scalar((float) target.scale()));
            if (target.hasMagnitude()) {
                layer.put(key + "magnitude", parameters, target.magnitude());
            }
            if (target.hasBias()) {
                layer.put(key + "lora_B.bias", parameters, target.bias());
            }
            if (target.isEmbedding()) {
                target.parameter()
                        .padding()
                        .ifPresent(row -> layer.put(
                                key + "lora_padding", network.workspace().ints(row)));
            }
            double dropout = config.lora().loraDropout();
            if (dropout > 0 && !target.isEmbedding()) { // PEFT drops nothing of an embedding's input
                long salt = SplitMix.mix(target.parameter().name().hashCode());
                layer.put(key + "dropout", network.workspace().dropout(dropout, salt));
            }
        }
        for (Parameter saved : targets.saved()) {
            network.train(saved, parameters, targets.tensor(saved));
        }
        for (TokenRows rows : targets.rows()) {
            network.tables().train(rows.table(), parameters, rows.name(), rows.indices());
        }
        parameters.weightsChanged();
    }

    /**
     * Writes the folder that PEFT reads.
     *
     * @param base what {@code base_model_name_or_path} shall say
     */
    public void save(Folder folder, String base) throws IOException {
        List<TensorWriter.Tensor> others = tensors.map(AdapterTensors::frozen).orElseGet(List::of);
        new AdapterWriter(config, targets, parameters, network).write(folder, others, base);
    }

    /**
     * A base weight with its update added, if it has one: {@code W + scale * B A}, its rows stretched to their
     * magnitudes in DoRA; a bias with that of the update. The caller closes a new array.
     */
    public NDArray merged(Parameter parameter, NDArray weight) {
        Optional<TokenRows> rows = rows(parameter);
        if (rows.isPresent()) {
            NDArray merged = weight.duplicate();
            NDArray ids = parameters.workspace().ints(rows.get().indices());
            parameters
                    .workspace()
                    .tensors()
                    .putRows(merged, ids, parameters.values(rows.get().name()));
            return merged;
        }
        Optional<LoraTarget> found = target(parameter);
        if (found.isEmpty()) {
            return weight;
        }
        LoraTarget target = found.get();
        if (!target.parameter().equals(parameter)) {
            return parameters.values(target.bias()).mul(target.scale()).addi(weight);
        }
        boolean isTransposed = target.isTransposed();
        NDArray sum = adapted(target, isTransposed ? weight.transpose() : weight);
        if (target.hasMagnitude()) {
            NDArray magnitude = parameters.values(target.magnitude());
            sum = sum.mul(magnitude.div(norms(sum)).expandDims(1));
        }
        return isTransposed ? sum.transpose() : sum;
    }

    /** The update that changes a parameter. */
    private Optional<LoraTarget> target(Parameter parameter) {
        return targets.updated().stream()
                .filter(target -> target.parameter().equals(parameter)
                        || (target.hasBias()
                                && parameter.name().endsWith(".bias")
                                && target.parameter().module().equals(parameter.module())))
                .findFirst();
    }

    /** @throws dev.temper.check.InvalidInputException when an update has a bias and its module has none to add it to */
    void checkMergeable() {
        for (LoraTarget target : targets.updated()) {
            String module = target.parameter().module();
            check(
                    !target.hasBias()
                            || targets.architecture().parameters().stream()
                                    .anyMatch(parameter -> parameter.name().equals(module + ".bias")),
                    "lora_bias: %s has no bias that the update's could be added to, so it cannot be merged",
                    module);
        }
    }

    private Optional<TokenRows> rows(Parameter parameter) {
        return targets.rows().stream()
                .filter(rows -> rows.table().equals(parameter))
                .findFirst();
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

    /** The weight of a parameter that the adapter brings whole, float32; empty for any other. */
    Optional<NDArray> whole(Parameter parameter) {
        boolean isAbsent = tensors.isPresent() && tensors.get().absent().contains(parameter);
        if (targets.saved().contains(parameter) && !isAbsent) {
            return Optional.of(Workspace.detach(parameters.weight(targets.tensor(parameter))));
        }
        return targets.replaced().containsKey(parameter)
                ? tensors.map(all -> all.replaced(parameter))
                : Optional.empty();
    }

    /** Whether merging changes a parameter. */
    boolean changes(Parameter parameter) {
        return targets.saved().contains(parameter)
                || targets.replaced().containsKey(parameter)
                || rows(parameter).isPresent()
                || target(parameter).isPresent();
    }

    /** Its weights. */
    public TrainedParameters parameters() {
        return parameters;
    }

    public LoraConfig config() {
        return config.lora();
    }
}
