package dev.temper.adapter;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import dev.temper.model.Architecture;
import dev.temper.model.Parameter;
import dev.temper.model.TrainedParameters.Spec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Stream;

/**
 * What of a model an adapter's config means.
 *
 * @param updated projections with a low-rank update
 * @param saved parameters that are trained whole
 * @see <a href="https://github.com/huggingface/peft/blob/main/src/peft/tuners/tuners_utils.py">reference for names</a>
 */
record LoraTargets(List<LoraTarget> updated, List<Parameter> saved) {
    /** What PEFT puts before the names of the base. */
    static final String PREFIX = "base_model.model.";

    /** Names that PEFT adds to {@code modules_to_save} of what classifies, whether the model has them or not. */
    private static final List<String> HEADS = List.of("classifier", "score");

    /** @throws dev.temper.check.InvalidInputException when a name matches nothing */
    static LoraTargets of(LoraConfig config, Architecture architecture) {
        List<Parameter> saved = saved(config, architecture);
        List<LoraTarget> updated = new ArrayList<>();
        for (Parameter parameter : projections(config, architecture)) {
            if (!saved.contains(parameter)) {
                String module = parameter.module();
                int rank = matching("rank_pattern", config.rankPattern(), module, config.r());
                double alpha = matching("alpha_pattern", config.alphaPattern(), module, config.loraAlpha());
                double scale = alpha / (config.useRslora() ? Math.sqrt(rank) : rank);
                updated.add(new LoraTarget(parameter, rank, scale, config.useDora()));
            }
        }
        check(!updated.isEmpty(), "adapter.target_modules: nothing is left of it to adapt");
        return new LoraTargets(List.copyOf(updated), saved);
    }

    /** What is trained. */
    List<Spec> specs() {
        List<Spec> specs = new ArrayList<>();
        updated.forEach(target -> specs.addAll(target.specs()));
        saved.forEach(parameter ->
                specs.add(new Spec(name(parameter), parameter.shape(), parameter.layer(), parameter.isDecayed())));
        return specs;
    }

    /** What a parameter that is trained whole is called in an adapter. */
    static String name(Parameter parameter) {
        return PREFIX + parameter.name();
    }

    private static List<Parameter> projections(LoraConfig config, Architecture architecture) {
        List<Parameter> all = architecture.parameters().stream()
                .filter(Parameter::isProjection)
                .toList();
        checkNames("target_modules", config.isAllLinear() ? List.of() : config.targetModules(), architecture);
        checkNames("exclude_modules", config.excludeModules(), architecture);
        int layers = architecture.sizes().layers();
        config.layersToTransform()
                .forEach(layer -> check(
                        layer < layers,
                        "adapter.layers_to_transform: there is no layer %d, the model has %d",
                        layer,
                        layers));
        Predicate<Parameter> isWanted = parameter ->
                config.isAllLinear() || config.targetModules().stream().anyMatch(name -> isNamed(parameter, name));
        return all.stream()
                .filter(isWanted)
                .filter(parameter -> config.layersToTransform().isEmpty()
                        || config.layersToTransform().contains(parameter.layer())
                        || config.targetModules().contains(parameter.module()))
                .filter(parameter -> config.excludeModules().stream().noneMatch(name -> isNamed(parameter, name)))
                .toList();
    }

    private static void checkNames(String key, List<String> names, Architecture architecture) {
        for (String name : names) {
            check(
                    architecture.parameters().stream().anyMatch(p -> p.isProjection() && isNamed(p, name)),
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

    private static boolean isNamed(Parameter parameter, String name) {
        return parameter.module().equals(name) || parameter.module().endsWith("." + name);
    }

    /** The ends of the names of what is trained whole. */
    static List<String> modulesToSave(LoraConfig config, Architecture architecture) {
        List<String> implied = architecture.classifier().isPresent() ? HEADS : List.of();
        return Stream.concat(config.modulesToSave().stream(), implied.stream())
                .distinct()
                .toList();
    }

    /** Everything in modules whose names end so; PEFT asks for no dot before the end. */
    private static List<Parameter> saved(LoraConfig config, Architecture architecture) {
        List<Parameter> saved = new ArrayList<>();
        boolean classifies = architecture.classifier().isPresent();
        for (String end : modulesToSave(config, architecture)) {
            List<Parameter> matching = architecture.parameters().stream()
                    .filter(parameter -> isInside(parameter.module(), end))
                    .toList();
            boolean isTied = architecture.head().equals(architecture.embedding());
            check(
                    !isTied || (!end.equals("lm_head") && matching.stream().noneMatch(LoraTargets::isEmbedding)),
                    "adapter.modules_to_save: %s: the embedding and the output head of this model are one, and PEFT "
                            + "would train one of them alone; leave it out",
                    end);
            check(
                    !matching.isEmpty() || (classifies && HEADS.contains(end)),
                    "adapter.modules_to_save: %s matches no module of a %s model; it has %s",
                    end,
                    architecture.modelType(),
                    lastParts(architecture, parameter -> true));
            matching.stream().filter(parameter -> !saved.contains(parameter)).forEach(saved::add);
        }
        return List.copyOf(saved);
    }

    private static boolean isEmbedding(Parameter parameter) {
        return parameter.kind() == Parameter.Kind.EMBEDDING;
    }

    private static boolean isInside(String module, String end) {
        for (String outer = module; !outer.isEmpty(); outer = outer.substring(0, Math.max(0, outer.lastIndexOf('.')))) {
            if (outer.endsWith(end)) {
                return true;
            }
        }
        return false;
    }

    /** The value of the pattern that matches a module's name or the end of it. */
    private static <T> T matching(String key, Map<String, T> patterns, String module, T otherwise) {
        T found = null;
        for (Map.Entry<String, T> pattern : patterns.entrySet()) {
            if (isMatch(key, pattern.getKey(), module)) {
                check(
                        found == null || found.equals(pattern.getValue()),
                        "adapter.%s: more than one entry matches %s; write them so that one does",
                        key,
                        module);
                found = pattern.getValue();
            }
        }
        return found == null ? otherwise : found;
    }

    private static boolean isMatch(String key, String pattern, String module) {
        try {
            return Pattern.compile("(.*\\.)?(" + pattern + ")").matcher(module).matches();
        } catch (PatternSyntaxException e) {
            throw invalid("adapter.%s: %s is no regular expression: %s", key, pattern, e.getDescription());
        }
    }
}
