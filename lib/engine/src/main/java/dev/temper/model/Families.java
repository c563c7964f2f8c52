package dev.temper.model;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import dev.temper.storage.Folder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;

/** The families on the class path, found as services so that a new one touches its own package only. */
public final class Families {
    private Families() {}

    /**
     * A value of {@code model_type} that is read.
     *
     * @param tasks what such a model can be used for
     * @param inside the model type that is used of it, where it is a model for texts and pictures
     */
    public record Known(String modelType, Set<Task.Kind> tasks, Optional<String> inside) {}

    /** All that is read, by name. */
    public static List<Known> known() {
        List<Known> known = new ArrayList<>();
        for (Family family : all()) {
            for (String type : family.modelTypes()) {
                known.add(new Known(type, family.tasks(), Optional.empty()));
                LanguageModel.around(type)
                        .forEach(whole -> known.add(new Known(whole, family.tasks(), Optional.of(type))));
            }
        }
        known.sort(Comparator.comparing(Known::modelType));
        return known;
    }

    /** What the model of a folder can be used for; nothing where its type is not supported. */
    public static Set<Task.Kind> tasks(Folder folder) throws IOException {
        String type = ConfigFields.read(folder).text("model_type", "");
        return all().stream()
                .filter(family -> family.modelTypes().contains(type))
                .findFirst()
                .map(Family::tasks)
                .orElse(Set.of());
    }

    static Architecture read(ConfigFields config, Task task) {
        String type = config.text("model_type", "(none)");
        for (Family family : all()) {
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
        }
        TreeSet<String> supported = new TreeSet<>();
        known().forEach(known -> supported.add(known.modelType()));
        throw invalid("%s: model_type %s is not supported; supported are %s", config.location(), type, supported);
    }

    /** The family of a model type that {@link #read} knew. */
    static Family of(String modelType) {
        return all().stream()
                .filter(family -> family.modelTypes().contains(modelType))
                .findFirst()
                .orElseThrow();
    }

    private static List<Family> all() {
        return ServiceLoader.load(Family.class, Family.class.getClassLoader()).stream()
                .map(ServiceLoader.Provider::get)
                .toList();
    }

    private static String name(Task.Kind kind) {
        return kind.name().toLowerCase(Locale.ROOT);
    }
}
