package dev.temper.model;

import dev.temper.kernel.LossKernels;
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
    CAUSAL_LM(Head.OF_TOKENS, "", 0, ""),
    /** One class of a text; cross entropy. */
    SEQUENCE_CLASSIFICATION(Head.OF_TEXTS, "single_label_classification", 2, "cross_entropy"),
    /** One number of a text; squared error. Transformers calls it a sequence classification with one label. */
    REGRESSION(Head.OF_TEXTS, "regression", 0, "squared_error"),
    /** Any of several labels of a text; the mean of a binary cross entropy for each. */
    MULTI_LABEL_CLASSIFICATION(Head.OF_TEXTS, "multi_label_classification", 1, "binary_cross_entropy");

    /** What the head of a model is for, as transformers' classes, PEFT and the Hub call it. */
    private enum Head {
        OF_TOKENS("ForCausalLM", "CAUSAL_LM", "text-generation"),
        OF_TEXTS("ForSequenceClassification", "SEQ_CLS", "text-classification");

        private final String suffix;
        private final String peftType;
        private final String pipeline;

        Head(String suffix, String peftType, String pipeline) {
            this.suffix = suffix;
            this.peftType = peftType;
            this.pipeline = pipeline;
        }
    }

    private final Head head;
    private final String problemType;
    private final int fewestLabels;
    private final String loss;

    /**
     * @param problemType what transformers calls what a head for whole texts answers
     * @param fewestLabels how many classes the user names at least
     * @param loss of a head for whole texts: a method of losses.py
     */
    Task(Head head, String problemType, int fewestLabels, String loss) {
        this.head = head;
        this.problemType = problemType;
        this.fewestLabels = fewestLabels;
        this.loss = loss;
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
        return family + head.suffix;
    }

    /** The class of transformers that opens such a model of any family. */
    public String loader() {
        return className("AutoModel");
    }

    /** What PEFT calls it. */
    public String peftType() {
        return head.peftType;
    }

    /** What the Hub calls it. */
    public String pipeline() {
        return head.pipeline;
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

    /** What becomes of the answers of a head for whole texts, as {@link LossKernels#headLoss} takes it. */
    public String loss() {
        return loss;
    }

    /** Whether it is about tokens, and not about whole texts. */
    public boolean isCausal() {
        return head == Head.OF_TOKENS;
    }
}
