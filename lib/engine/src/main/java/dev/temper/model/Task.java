package dev.temper.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import dev.temper.kernel.TrainingKernels;
import dev.temper.kernel.TrainingKernels.LossScale;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * What a model is trained to answer; {@code model.task} in the recipe. A constant says how transformers, PEFT and the
 * Hub call it, and how a head's answers become a loss. What is trained, measured and written down for a task is its
 * {@code Objective} in {@code train.objective}.
 */
public enum Task {
    /** The next token. */
    CAUSAL_LM("ForCausalLM", "CAUSAL_LM", "text-generation", "", 0, Task::none),
    /** One class of a text; cross entropy. */
    SEQUENCE_CLASSIFICATION(
            Task.CLASSIFIER,
            Task.CLASSIFIES,
            Task.TEXTS,
            "single_label_classification",
            2,
            TrainingKernels::crossEntropy),
    /** One number of a text; squared error. Transformers calls it a sequence classification with one label. */
    REGRESSION(
            Task.CLASSIFIER,
            Task.CLASSIFIES,
            Task.TEXTS,
            "regression",
            0,
            (kernels, logits, targets, weights, scale) ->
                    kernels.squaredError(logits, targets, weights, scale.scale()));

    /** What transformers' classes of models with a head for whole texts end with. */
    private static final String CLASSIFIER = "ForSequenceClassification";

    private static final String CLASSIFIES = "SEQ_CLS"; // as PEFT calls it
    private static final String TEXTS = "text-classification"; // as the Hub does

    private final String suffix;
    private final String peftType;
    private final String pipeline;
    private final String problemType;
    private final int fewestLabels;

    @SuppressWarnings("ImmutableEnumChecker") // a method
    private final Loss loss;

    Task(String suffix, String peftType, String pipeline, String problemType, int fewestLabels, Loss loss) {
        this.suffix = suffix;
        this.peftType = peftType;
        this.pipeline = pipeline;
        this.problemType = problemType;
        this.fewestLabels = fewestLabels;
        this.loss = loss;
    }

    /** The loss of a head for whole texts, as {@link TrainingKernels#crossEntropy}. */
    @FunctionalInterface
    public interface Loss {
        /**
         * @param logits (S, labels)
         * @param targets (S), or (S, labels) where a row has several
         * @param weights (S)
         */
        NDList of(TrainingKernels kernels, NDArray logits, NDArray targets, NDArray weights, LossScale scale);
    }

    private static NDList none(
            TrainingKernels kernels, NDArray logits, NDArray targets, NDArray weights, LossScale scale) {
        throw new IllegalStateException("the next token has no head for whole texts");
    }

    /** As recipes write it. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The task that recipes write so. */
    public static Optional<Task> of(String label) {
        return Arrays.stream(values())
                .filter(task -> task.label().equals(label))
                .findFirst();
    }

    /** The name of transformers' class of a family, {@code Llama} for example, for this task. */
    public String className(String family) {
        return family + suffix;
    }

    /** The class of transformers that opens such a model of any family. */
    public String loader() {
        return className("AutoModel");
    }

    /** What PEFT calls it. */
    public String peftType() {
        return peftType;
    }

    /** What the Hub calls it. */
    public String pipeline() {
        return pipeline;
    }

    /** What transformers calls what a head for whole texts answers; empty without such a head. */
    public String problemType() {
        return problemType;
    }

    /** The task that transformers calls so. */
    static Optional<Task> ofProblem(String problemType) {
        return Arrays.stream(values())
                .filter(task -> !task.isCausal() && task.problemType.equals(problemType))
                .findFirst();
    }

    /** How many classes the user names at least; 0: none has a name. */
    public int fewestLabels() {
        return fewestLabels;
    }

    public Loss loss() {
        return loss;
    }

    /** Whether it is about tokens, and not about whole texts. */
    public boolean isCausal() {
        return this == CAUSAL_LM;
    }
}
