package dev.temper.adapter;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import dev.temper.model.Architecture;
import dev.temper.model.Parameter;
import dev.temper.model.TrainedParameters.Spec;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What of a model an adapter's config means.
 *
 * @param architecture of the base as the adapter needs it: with an output head of its own where the adapter brings one
 *     for a tied base, and with the adapter's number of tokens
 * @param updated projections, embeddings and heads with a low-rank update
 * @param saved parameters that are trained whole
 * @param rows of tokens that are trained alone
 * @param replaced parameters that stay frozen and whose values the adapter brings, to the names of these tensors
 * @see <a href="https://github.com/huggingface/peft/blob/main/src/peft/tuners/tuners_utils.py">reference for names</a>
 */
record LoraTargets(
        Architecture architecture,
        List<LoraTarget> updated,
        List<Parameter> saved,
        List<TokenRows> rows,
        Map<Parameter, String> replaced) {
    /** What PEFT puts before the names of the base. */
    static final String PREFIX = "base_model.model.";

    /** PEFT's wrapper around a module that got an update. */
    static final String BASE = "base_layer";

    /** In {@code targetModules} of an adapter that leaves the choice to PEFT. */
    static final String USUAL = "the usual of this model";

    /** What PEFT writes in {@code target_modules} when nothing gets an update. */
    private static final String NOTHING = "dummy-target-modules";

    /** Names that PEFT adds to {@code modules_to_save} of what classifies, whether the model has them or not. */
    private static final List<String> HEADS = List.of("classifier", "score");

    /** The number of a layer, as PEFT finds it in a module's name: behind the list of layers. */
    private static final Pattern LAYER = Pattern.compile("\\.(\\d+)(?=\\.)");

    /**
     * @throws dev.temper.check.InvalidInputException when nothing is left of it, or a name of a recipe matches nothing
     */
    static LoraTargets of(PeftConfig config, Architecture base) {
        return of(config, base, AdaptedArchitecture.of(config, base));
    }

    /** As {@link #of}, to be merged: what was one tensor becomes two where only one of its uses has an update. */
    static LoraTargets toMerge(PeftConfig config, Architecture base) {
        LoraTargets targets = of(config, base);
        boolean changesVocabulary = targets.updated().stream()
                .map(LoraTarget::parameter)
                .anyMatch(parameter -> parameter.kind() == Parameter.Kind.HEAD
                        || parameter.equals(targets.architecture().tokenEmbedding()));
        return changesVocabulary && targets.architecture().isTied()
                ? of(config, base, targets.architecture().untied())
                : targets;
    }

    private static LoraTargets of(PeftConfig config, Architecture base, Architecture architecture) {
        List<Parameter> saved = new ArrayList<>(saved(config, architecture));
        ValuesByModule<Integer> ranks =
                ValuesByModule.of("rank_pattern", config.lora().rankPattern(), config);
        ValuesByModule<Double> alphas =
                ValuesByModule.of("alpha_pattern", config.lora().alphaPattern(), config);
        List<LoraTarget> updated = projections(config, architecture).stream()
                .filter(parameter -> !saved.contains(parameter))
                .map(parameter -> target(config, parameter, ranks, alphas))
                .toList();
        check(
                !updated.isEmpty() || config.says("target_modules", NOTHING),
                config.isFresh()
                        ? "adapter.target_modules: nothing is left of it to adapt"
                        : "the adapter's target_modules, %s, match nothing of a %s model, which has %s",
                config.lora().targetModules(),
                architecture.modelType(),
                lastParts(architecture, Parameter::isProjection));
        addBiases(config, architecture, updated, saved);
        List<TokenRows> rows = TokenRows.of(config.lora().trainableTokenIndices(), architecture, saved);
        rows.forEach(some -> some.checkAlone(updated, architecture));
        LoraTargets targets = new LoraTargets(architecture, updated, List.copyOf(saved), rows, Map.of());
        return new LoraTargets(
                architecture, updated, targets.saved, rows, AdaptedArchitecture.replaced(config, base, targets));
    }

    private static LoraTarget target(
            PeftConfig config, Parameter parameter, ValuesByModule<Integer> ranks, ValuesByModule<Double> alphas) {
        LoraConfig lora = config.lora();
        String module = parameter.module();
        int rank = ranks.of(module, lora.r());
        double alpha = alphas.of(module, lora.loraAlpha());
        double scale = alpha / (lora.useRslora() ? Math.sqrt(rank) : rank);
        boolean isLayer = parameter.isProjection();
        check(
                isLayer || !lora.useDora(),
                "use_dora: DoRA of %s is not supported, only of projections: leave %s out",
                module,
                module);
        boolean hasBias = config.hasUpBias() && parameter.kind() != Parameter.Kind.EMBEDDING;
        return new LoraTarget(parameter, rank, scale, lora.useDora(), hasBias);
    }

    private static void addBiases(
            PeftConfig config, Architecture architecture, List<LoraTarget> updated, List<Parameter> saved) {
        for (Parameter parameter : architecture.parameters()) {
            boolean isTrained = parameter.name().endsWith(".bias")
                    && switch (config.bias()) {
                        case NONE -> false;
                        case ALL -> true;
                        case LORA_ONLY -> isUpdated(updated, parameter);
                    };
            if (isTrained && !saved.contains(parameter)) {
                saved.add(parameter);
            }
        }
    }

    private static boolean isUpdated(List<LoraTarget> updated, Parameter parameter) {
        return updated.stream().anyMatch(target -> target.parameter().module().equals(parameter.module()));
    }

    /** Whether a parameter belongs to a module that got an update. */
    boolean isUpdated(Parameter parameter) {
        return isUpdated(updated, parameter);
    }

    /** What is trained. */
    List<Spec> specs() {
        List<Spec> specs = new ArrayList<>();
        updated.forEach(target -> specs.addAll(target.specs()));
        saved.forEach(parameter ->
                specs.add(new Spec(tensor(parameter), parameter.shape(), parameter.layer(), parameter.isDecayed())));
        rows.forEach(some -> specs.add(some.spec()));
        return specs;
    }

    /** What a parameter that is trained whole is called in an adapter: PEFT wraps what gets an update. */
    String tensor(Parameter parameter) {
        return isUpdated(parameter) ? wrapped(parameter, BASE) : name(parameter);
    }

    /** The same outside of modules with an update. */
    static String name(Parameter parameter) {
        return PREFIX + parameter.name();
    }

    /** A parameter's name inside a wrapper of PEFT's. */
    static String wrapped(Parameter parameter, String wrapper) {
        String last = parameter.name().substring(parameter.module().length());
        return PREFIX + parameter.module() + "." + wrapper + last;
    }

    private static List<Parameter> projections(PeftConfig config, Architecture architecture) {
        LoraConfig lora = config.lora();
        if (config.isFresh()) {
            checkNames("target_modules", config.targets().ends(), architecture);
            checkNames("exclude_modules", config.excluded().ends(), architecture);
            int layers = architecture.sizes().layers();
            lora.layersToTransform()
                    .forEach(layer -> check(
                            layer < layers,
                            "adapter.layers_to_transform: there is no layer %d, the model has %d",
                            layer,
                            layers));
        }
        ModuleNames targets = lora.targetModules().equals(List.of(USUAL)) ? usual(architecture) : config.targets();
        return candidates(config, architecture).stream()
                .filter(parameter -> isTarget(config, targets, parameter))
                .filter(parameter -> targets.isWhole(parameter.module()) || isInLayers(config, parameter.module()))
                .filter(parameter -> !config.excluded().has(parameter.module()))
                .toList();
    }

    private static boolean isTarget(PeftConfig config, ModuleNames targets, Parameter parameter) {
        boolean isTiedHead = config.sets("ensure_weight_tying") // PEFT names the embedding alone then
                && parameter.kind() == Parameter.Kind.HEAD
                && config.holds(wrapped(parameter, "lora_A"));
        return config.lora().isAllLinear() ? parameter.isProjection() : isTiedHead || targets.has(parameter.module());
    }

    /** What can have an update. A tied base, too, has a module for its output head. */
    private static List<Parameter> candidates(PeftConfig config, Architecture architecture) {
        List<Parameter> candidates = new ArrayList<>(architecture.parameters());
        candidates.removeIf(parameter -> !parameter.isProjection()
                && (config.isFresh()
                        || (parameter.kind() != Parameter.Kind.EMBEDDING && parameter.kind() != Parameter.Kind.HEAD)
                        || parameter.shape().dimension() < 2));
        if (architecture.isTied() && !config.isFresh()) {
            candidates.add(Parameter.head(architecture.tokenEmbedding().shape()));
        }
        return candidates;
    }

    /** What PEFT adapts of a model where an adapter does not say it. */
    private static ModuleNames usual(Architecture architecture) {
        return switch (architecture.modelType()) {
            case "gpt2" -> ModuleNames.of(List.of("c_attn"));
            case "bert", "roberta" -> ModuleNames.of(List.of("query", "value"));
            case "phi3", "distilbert" -> throw invalid(
                    "the adapter has no target_modules, and PEFT has no choice of its own for a %s model",
                    architecture.modelType());
            default -> ModuleNames.of(List.of("q_proj", "v_proj"));
        };
    }

    private static boolean isInLayers(PeftConfig config, String module) {
        List<Integer> layers = config.lora().layersToTransform();
        if (layers.isEmpty()) {
            return true;
        }
        Matcher number = LAYER.matcher(module);
        while (number.find()) {
            String before = module.substring(0, number.start());
            boolean isLayer = config.layersPattern().isEmpty()
                    ? before.contains(".")
                    : config.layersPattern().stream().anyMatch(pattern -> pattern.matches(before));
            if (isLayer) {
                return layers.contains(Integer.valueOf(number.group(1)));
            }
        }
        return false;
    }

    private static void checkNames(String key, List<String> names, Architecture architecture) {
        for (String name : names) {
            check(
                    architecture.parameters().stream()
                            .anyMatch(p -> p.isProjection()
                                    && ModuleNames.of(List.of(name)).has(p.module())),
                    "adapter.%s: %s matches no projection of a %s model; it has %s",
                    key,
                    name,
                    architecture.modelType(),
                    lastParts(architecture, Parameter::isProjection));
        }
    }

    private static TreeSet<String> lastParts(Architecture architecture, Predicate<Parameter> isWanted) {
        return new TreeSet<>(architecture.parameters().stream()
                .filter(isWanted)
                .map(Parameter::module)
                .map(module -> module.substring(module.lastIndexOf('.') + 1))
                .toList());
    }

    /** The ends of the names of what is trained whole. */
    static List<String> modulesToSave(PeftConfig config, Architecture architecture) {
        boolean impliesHead =
                architecture.classifier().isPresent() && (config.isFresh() || config.says("task_type", "SEQ_CLS"));
        return Stream.concat(config.lora().modulesToSave().stream(), impliesHead ? HEADS.stream() : Stream.empty())
                .distinct()
                .toList();
    }

    /** Everything in modules whose names end so; PEFT asks for no dot before the end. */
    private static List<Parameter> saved(PeftConfig config, Architecture architecture) {
        Set<Parameter> saved = new LinkedHashSet<>();
        boolean classifies = architecture.classifier().isPresent();
        for (String end : modulesToSave(config, architecture)) {
            List<Parameter> matching = architecture.parameters().stream()
                    .filter(parameter -> isInside(parameter.module(), end))
                    .toList();
            boolean isVocabulary = "lm_head".endsWith(end) || matching.contains(architecture.tokenEmbedding());
            check(
                    !config.isFresh() || !architecture.isTied() || !isVocabulary,
                    "adapter.modules_to_save: %s: the embedding and the output head of this model are one, and PEFT "
                            + "would train one of them alone; leave it out",
                    end);
            check(
                    !config.isFresh() || !matching.isEmpty() || (classifies && HEADS.contains(end)),
                    "adapter.modules_to_save: %s matches no module of a %s model; it has %s",
                    end,
                    architecture.modelType(),
                    lastParts(architecture, parameter -> true));
            saved.addAll(matching);
        }
        return List.copyOf(saved);
    }

    /** Whether a module, or one around it, has a name that ends so. */
    static boolean isInside(String module, String end) {
        for (String outer = module; !outer.isEmpty(); outer = outer.substring(0, Math.max(0, outer.lastIndexOf('.')))) {
            if (outer.endsWith(end)) {
                return true;
            }
        }
        return false;
    }
}
