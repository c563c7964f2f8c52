package dev.temper.model;

import static dev.temper.check.Check.check;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What one model answers: its task, and the names of what its head tells.
 *
 * @param labels names of the classes of a classifier, by index; of the one value of a regression
 */
public record ModelTask(Task kind, List<String> labels) {
    private static final int MAX_LABELS = 100_000;

    public ModelTask {
        labels = List.copyOf(labels);
    }

    public static ModelTask causalLm() {
        return new ModelTask(Task.CAUSAL_LM, List.of());
    }

    /** @throws dev.temper.check.InvalidInputException when there are less than two, or one of them twice */
    public static ModelTask classification(List<String> labels) {
        return of(Task.SEQUENCE_CLASSIFICATION, labels);
    }

    public static ModelTask regression() {
        return new ModelTask(Task.REGRESSION, List.of("LABEL_0"));
    }

    /**
     * What the model of a folder was saved for, by {@code architectures} of its config.json; a causal language model
     * where that is not said.
     */
    public static ModelTask of(Folder folder) throws IOException {
        return of(ConfigFields.read(folder));
    }

    static ModelTask of(ConfigFields config) {
        boolean classifies = false;
        for (JsonNode name : config.value("architectures")) {
            classifies |= name.asText().endsWith(Task.SEQUENCE_CLASSIFICATION.className(""));
        }
        if (!classifies) {
            return causalLm();
        }
        List<String> named = config.labels();
        int count = named.isEmpty() ? config.integer("num_labels", 2) : named.size();
        check(
                count > 0 && count <= MAX_LABELS,
                "%s: a classifier may have 1 to %d labels, not %d",
                config.location(),
                MAX_LABELS,
                count);
        List<String> labels = named.isEmpty()
                ? IntStream.range(0, count).mapToObj(i -> "LABEL_" + i).toList()
                : named;
        Task usual = count == 1 ? Task.REGRESSION : Task.SEQUENCE_CLASSIFICATION;
        String problem = config.text("problem_type", usual.problemType());
        Optional<Task> kind = Task.ofProblem(problem);
        if (kind.isEmpty()) {
            config.refuse("problem_type", problem);
        }
        check(
                kind.orElseThrow() != Task.REGRESSION || count == 1,
                "%s: problem_type: regression with %d labels is not supported, only with one",
                config.location(),
                count);
        return of(kind.orElseThrow(), labels);
    }

    /**
     * @param labels names of the classes, by index; of a task that has none nobody looks at them
     * @throws dev.temper.check.InvalidInputException when there are too few, or one of them twice
     */
    public static ModelTask of(Task kind, List<String> labels) {
        if (kind.fewestLabels() == 0) {
            return kind.isCausal() ? causalLm() : regression();
        }
        check(
                labels.size() >= kind.fewestLabels(),
                "model.labels must name at least %s, got %s",
                kind.fewestLabels() == 1 ? "one class" : "two classes",
                labels);
        check(new HashSet<>(labels).size() == labels.size(), "model.labels names a class twice: %s", labels);
        return new ModelTask(kind, labels);
    }

    /** The name of transformers' class of a family, {@code Llama} for example, for this task. */
    public String className(String family) {
        return kind.className(family);
    }

    public boolean isCausal() {
        return kind == Task.CAUSAL_LM;
    }

    /** Width of the head of a classifier: one for each class. */
    public int numLabels() {
        return labels.size();
    }
}
