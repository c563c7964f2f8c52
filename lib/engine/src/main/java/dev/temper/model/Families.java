package dev.temper.model;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import dev.temper.storage.Folder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The families on the class path, found as services so that a new one touches its own package only. */
public final class Families {
    private Families() {}

    /**
     * A value of {@code model_type} that is read.
     *
     * @param tasks what such a model can be used for
     * @param inside the model type that is used of it, where it is a model for texts and pictures
     */
    public record Known(String modelType, Set<Task> tasks, Optional<String> inside) {
        /** What can be done with such a model. */
        public Set<Use> uses() {
            return Arrays.stream(Use.values())
                    .filter(use -> use.isOf(tasks))
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }

    /** What can be done with a model; a test does each with a tiny one of every type. */
    public enum Use {
        /** Texts are continued, conversations answered. */
        GENERATE("generate", Task.CAUSAL_LM),
        /** Rows share a sequence. */
        PACKING("packing", Task.CAUSAL_LM),
        CLASSIFY("classify", Task.SEQUENCE_CLASSIFICATION),
        /** A number is given to a text. */
        REGRESSION("regression", Task.REGRESSION),
        /** A text gets any of several labels. */
        MULTI_LABEL("multi-label", Task.MULTI_LABEL_CLASSIFICATION),
        /** All weights are trained. */
        FULL("full", Task.CAUSAL_LM, Task.SEQUENCE_CLASSIFICATION),
        LORA("LoRA", Task.CAUSAL_LM, Task.SEQUENCE_CLASSIFICATION),
        /** LoRA over a base in 4 bits. */
        QLORA("QLoRA", Task.CAUSAL_LM, Task.SEQUENCE_CLASSIFICATION),
        /** Layers compute in bfloat16. */
        BF16("bf16", Task.CAUSAL_LM, Task.SEQUENCE_CLASSIFICATION),
        /** An adapter becomes a part of its base. */
        MERGE("merge", Task.CAUSAL_LM, Task.SEQUENCE_CLASSIFICATION);

        private final String word;

        @SuppressWarnings("ImmutableEnumChecker") // Set.of cannot be changed
        private final Set<Task> tasks;

        Use(String word, Task... tasks) {
            this.word = word;
            this.tasks = Set.of(tasks);
        }

        /** As people call it. */
        public String word() {
            return word;
        }

        private boolean isOf(Set<Task> known) {
            return !Collections.disjoint(tasks, known);
        }
    }

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
    public static Set<Task> tasks(Folder folder) throws IOException {
        String type = ConfigFields.read(folder).text("model_type", "");
        return all().stream()
                .filter(family -> family.modelTypes().contains(type))
                .findFirst()
                .map(Family::tasks)
                .orElse(Set.of());
    }

    static Architecture read(ConfigFields config, ModelTask task) {
        String type = config.text("model_type", "(none)");
        for (Family family : all()) {
            if (family.modelTypes().contains(type)) {
                check(
                        family.tasks().contains(task.kind()),
                        "%s: a %s model cannot be used for %s here, only for %s: set model.task, or name another base",
                        config.location(),
                        type,
                        task.kind().label(),
                        family.tasks().stream().map(Task::label).sorted().toList());
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
}
