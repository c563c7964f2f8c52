package dev.temper.model;

import dev.temper.quant.Nf4Tensor;
import dev.temper.safetensors.TensorIndex;
import dev.temper.safetensors.TensorInfo;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;

/**
 * What of a head has to be learned first, because the weights of a base do not hold it. It starts as in transformers:
 * normal, with {@code initializer_range} of config.json as the deviation, biases at zero. Where it starts depends on
 * the seed and the parameter's name alone.
 *
 * @param reason a sentence that says why, for the user; empty when nothing is new
 */
public record NewHead(List<Parameter> parameters, double deviation, long seed, Optional<String> reason) {
    private static final double USUAL_DEVIATION = 0.02;
    private static final String UNNAMED = "LABEL_\\d+"; // what transformers calls a class without a name

    public NewHead {
        parameters = List.copyOf(parameters);
    }

    /** Nothing is new. */
    public static NewHead none() {
        return new NewHead(List.of(), 0, 0, Optional.empty());
    }

    /**
     * Compares the head that a task needs with the head in the weights, which is kept when it has the right shape and
     * its classes have no names, or those of the task in the same order.
     *
     * @param base the folder of the weights, for its config.json
     * @param seed of the random start
     */
    public static NewHead of(Architecture architecture, Folder base, TensorIndex index, long seed) throws IOException {
        if (architecture.classifier().isEmpty()) {
            return none();
        }
        Classifier classifier = architecture.classifier().get();
        ConfigFields config = ConfigFields.read(base);
        List<Parameter> head =
                architecture.parameters().stream().filter(classifier::owns).toList();
        Optional<String> difference = difference(classifier.task(), head, index, config);
        Set<Parameter> fresh = new LinkedHashSet<>(difference.isPresent() ? head : List.of());
        Set<String> outside = architecture.parameters().stream()
                .filter(parameter -> parameter.layer() == Parameter.SHARED && parameter.isProjection())
                .map(Parameter::module)
                .collect(Collectors.toSet()); // BERT's pooler, which belongs to the base, but not every base has it
        List<Parameter> missing = architecture.parameters().stream()
                .filter(parameter -> outside.contains(parameter.module()))
                .filter(parameter -> ModelWeights.find(index, parameter.name()).isEmpty())
                .toList();
        fresh.addAll(missing);
        if (fresh.isEmpty()) {
            return none();
        }
        String reason =
                difference.orElseGet(() -> "the weights lack " + missing.get(0).module());
        return new NewHead(
                List.copyOf(fresh),
                config.number("initializer_range", USUAL_DEVIATION),
                seed,
                Optional.of(reason + ": " + isNew(fresh)));
    }

    /** What is different about the head in the weights; empty when it is kept. */
    private static Optional<String> difference(
            ModelTask task, List<Parameter> head, TensorIndex index, ConfigFields config) {
        List<Parameter> missing = head.stream()
                .filter(parameter -> ModelWeights.find(index, parameter.name()).isEmpty())
                .toList();
        boolean isRegression = task.kind() == Task.REGRESSION;
        if (missing.size() == head.size()) {
            return Optional.of("the weights have no head for " + (isRegression ? "regression" : "classification"));
        }
        if (!missing.isEmpty()) {
            return Optional.of("the head in the weights lacks " + missing.get(0).name());
        }
        Parameter last = head.get(head.size() - 1); // a bias or a matrix: its first dimension counts the classes
        TensorInfo tensor = ModelWeights.find(index, last.name()).orElseThrow();
        long classes = Nf4Tensor.isIn(index, tensor.name()) ? 2 * tensor.bytes() / last.inputs() : tensor.shape()[0];
        if (classes != task.numLabels()) {
            return Optional.of("the head in the weights has %d classes, %s"
                    .formatted(
                            classes,
                            isRegression
                                    ? "a regression gives one value"
                                    : "model.labels names %d".formatted(task.numLabels())));
        }
        List<String> names = config.labels();
        boolean isUnnamed = names.stream().allMatch(name -> name.matches(UNNAMED));
        if (!isRegression && !isUnnamed && !names.equals(task.labels())) {
            return Optional.of(
                    "the head in the weights is for %s, model.labels names %s".formatted(names, task.labels()));
        }
        return Optional.empty();
    }

    /** Such as: score is new, and random until it is trained. */
    private static String isNew(Set<Parameter> fresh) {
        List<String> modules =
                new ArrayList<>(fresh.stream().map(Parameter::module).distinct().toList());
        boolean isOne = modules.size() == 1;
        String names = isOne
                ? modules.get(0)
                : String.join(", ", modules.subList(0, modules.size() - 1)) + " and " + modules.get(modules.size() - 1);
        return names + (isOne ? " is new, and random until it is trained" : " are new, and random until trained");
    }

    /** Whether a parameter starts at random. */
    boolean has(Parameter parameter) {
        return parameters.contains(parameter);
    }

    /** Where a parameter starts. */
    float[] values(Parameter parameter) {
        float[] values = new float[Math.toIntExact(parameter.shape().size())];
        if (parameter.kind() != Parameter.Kind.BIAS) {
            SplittableRandom random =
                    new SplittableRandom(SplitMix.mix(seed ^ parameter.name().hashCode()));
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (deviation * random.nextGaussian());
            }
        }
        return values;
    }
}
