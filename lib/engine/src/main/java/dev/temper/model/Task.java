package dev.temper.model;

import static dev.temper.check.Check.check;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What a model answers, which decides its head; {@code model.task} in the recipe.
 *
 * @param labels names of the classes of a classifier, by index; of the one value of a regression
 */
public record Task(Kind kind, List<String> labels) {
    private static final String CLASSIFIER = "ForSequenceClassification";
    private static final int MAX_LABELS = 100_000;

    /** Kinds of heads. */
    public enum Kind {
        /** The next token. */
        CAUSAL_LM,
        /** One class of a text; cross entropy. */
        SEQUENCE_CLASSIFICATION,
        /** One number of a text; squared error. Transformers calls it a sequence classification with one label. */
        REGRESSION
    }

    public Task {
        labels = List.copyOf(labels);
    }

    public static Task causalLm() {
        return new Task(Kind.CAUSAL_LM, List.of());
    }

    /** @throws dev.temper.check.InvalidInputException when there are less than two, or one of them twice */
    public static Task classification(List<String> labels) {
        check(labels.size() > 1, "model.labels must name at least two classes, got %s", labels);
        check(new HashSet<>(labels).size() == labels.size(), "model.labels names a class twice: %s", labels);
        return new Task(Kind.SEQUENCE_CLASSIFICATION, labels);
    }

    public static Task regression() {
        return new Task(Kind.REGRESSION, List.of("LABEL_0"));
    }

    /**
     * What the model of a folder was saved for, by {@code architectures} of its config.json; a causal language model
     * where that is not said.
     */
    public static Task of(Folder folder) throws IOException {
        return of(ConfigFields.read(folder));
    }

    static Task of(ConfigFields config) {
        boolean classifies = false;
        for (JsonNode name : config.value("architectures")) {
            classifies |= name.asText().endsWith(CLASSIFIER);
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
        boolean isRegression =
                config.text("problem_type", count == 1 ? "regression" : "").equals("regression");
        check(
                !isRegression || count == 1,
                "%s: problem_type: regression with %d labels is not supported, only with one",
                config.location(),
                count);
        config.refuse("problem_type", "multi_label_classification");
        return isRegression ? regression() : classification(labels);
    }

    /** The name of transformers' class of a family, {@code Llama} for example, for this task. */
    public String className(String family) {
        return family + (isCausal() ? "ForCausalLM" : CLASSIFIER);
    }

    public boolean isCausal() {
        return kind == Kind.CAUSAL_LM;
    }

    /** Width of the head of a classifier: one for each class. */
    public int numLabels() {
        return labels.size();
    }
}
