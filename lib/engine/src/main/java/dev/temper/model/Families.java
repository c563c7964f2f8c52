package dev.temper.model;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import java.util.Locale;
import java.util.ServiceLoader;
import java.util.TreeSet;

/** The families on the class path, found as services so that a new one touches its own package only. */
final class Families {
    private Families() {}

    static Architecture read(ConfigFields config, Task task) {
        String type = config.text("model_type", "(none)");
        TreeSet<String> known = new TreeSet<>();
        for (Family family : ServiceLoader.load(Family.class, Family.class.getClassLoader())) {
            if (family.modelTypes().contains(type)) {
                check(
                        family.tasks().contains(task.kind()),
                        "%s: a %s model cannot be used for %s here, only for %s: set model.task, or name another base",
                        config.location(),
                        type,
                        name(task.kind()),
                        family.tasks().stream().map(Families::name).sorted().toList());
                Architecture architecture = family.read(config, task);
                config.quantization(); // or says that it is not supported
                config.refuseOthers();
                return config.isPart() ? LanguageModel.inside(architecture) : architecture;
            }
            known.addAll(family.modelTypes());
        }
        throw invalid("%s: model_type %s is not supported; supported are %s", config.location(), type, known);
    }

    /** The family of a model type that {@link #read} knew. */
    static Family of(String modelType) {
        return ServiceLoader.load(Family.class, Family.class.getClassLoader()).stream()
                .map(ServiceLoader.Provider::get)
                .filter(family -> family.modelTypes().contains(modelType))
                .findFirst()
                .orElseThrow();
    }

    private static String name(Task.Kind kind) {
        return kind.name().toLowerCase(Locale.ROOT);
    }
}
