package dev.temper.train.config;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.some;

import dev.temper.model.Regularization;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * How the weights are updated; {@code training:} in the recipe. Names and defaults as in TrainingArguments.
 *
 * @param numTrainEpochs passes over the rows; may be a fraction
 * @param maxSteps updates, instead of {@code numTrainEpochs}
 * @param batchSize sequences per update, over all workers together
 * @param microBatchTokens tokens of one forward pass; empty: chosen so that it fits
 * @param learningRate empty: 2e-4 with an adapter, 2e-5 without
 * @param lrSchedulerKwargs what the schedule takes besides
 * @param warmupSteps updates over which the learning rate rises from 0
 * @param warmupRatio the same as a share of all updates; {@code warmupSteps} wins when positive
 * @param maxGradNorm gradients are scaled down to this global norm; 0 leaves them alone
 * @param optimizerOffload keeps the optimizer's state on mapped files instead of in memory: the same numbers
 * @param gradientCheckpointing keeps layer inputs only and computes each layer twice: less memory, a third more time
 * @param activationOffloading keeps these inputs on files in {@code cluster.local_dir}, whose pages the system writes
 *     out when memory is short; needs {@code gradientCheckpointing}
 * @param classWeights what each class of a classifier counts in the loss, as a list, or {@code balanced}; an empty
 *     list: all the same
 * @param labelSmoothingFactor share of each target that all tokens or classes divide among them
 * @param neftuneNoiseAlpha size of the noise that embeddings get while training, as in NEFTune; empty: none
 * @param shuffle false: rows in the order of the data
 * @param groupByLength an update holds rows of similar length
 * @param loggingSteps updates between two logged losses
 * @param saveSteps updates between two checkpoints with {@code save_strategy: steps}
 * @param saveTotalLimit checkpoints that are kept
 * @param metricForBestModel what decides which evaluation is the best, with or without {@code eval/}
 * @param greaterIsBetter empty: by the name of the metric
 * @param loadBestModelAtEnd the model that is saved is that of the best evaluation
 * @param earlyStoppingPatience training ends after so many evaluations without a better one; empty: never
 * @param earlyStoppingThreshold by how much an evaluation must be better to count
 * @param evalSteps updates between two evaluations with {@code eval_strategy: steps}
 */
public record TrainingConfig(
        double numTrainEpochs,
        OptionalInt maxSteps,
        int batchSize,
        OptionalInt microBatchTokens,
        OptionalDouble learningRate,
        Schedule.Type lrSchedulerType,
        Map<String, Object> lrSchedulerKwargs,
        int warmupSteps,
        double warmupRatio,
        double weightDecay,
        double adamBeta1,
        double adamBeta2,
        double adamEpsilon,
        double maxGradNorm,
        Optim optim,
        boolean optimizerOffload,
        boolean gradientCheckpointing,
        boolean activationOffloading,
        Object classWeights,
        double labelSmoothingFactor,
        OptionalDouble neftuneNoiseAlpha,
        boolean shuffle,
        boolean groupByLength,
        int loggingSteps,
        IntervalStrategy evalStrategy,
        OptionalInt evalSteps,
        IntervalStrategy saveStrategy,
        OptionalInt saveSteps,
        int saveTotalLimit,
        String metricForBestModel,
        Optional<Boolean> greaterIsBetter,
        boolean loadBestModelAtEnd,
        OptionalInt earlyStoppingPatience,
        double earlyStoppingThreshold,
        long seed) {
    private static final String EVAL = "eval/";
    private static final Pattern NUMBER = Pattern.compile("[-+]?(\\d+\\.?\\d*|\\.\\d+)([eE][-+]?\\d+)?");

    public TrainingConfig {
        check(numTrainEpochs > 0, "training.num_train_epochs must be positive, got %s", numTrainEpochs);
        check(
                maxSteps.isEmpty() || maxSteps.getAsInt() > 0,
                "training.max_steps must be positive, got %d",
                maxSteps.orElse(0));
        check(batchSize > 0, "training.batch_size must be positive, got %d", batchSize);
        check(
                microBatchTokens.isEmpty() || microBatchTokens.getAsInt() > 0,
                "training.micro_batch_tokens must be positive or auto, got %d",
                microBatchTokens.orElse(0));
        check(
                learningRate.isEmpty() || learningRate.getAsDouble() > 0,
                "training.learning_rate must be positive, got %s",
                learningRate.orElse(0));
        lrSchedulerKwargs = numbers(lrSchedulerKwargs);
        new Schedule(
                lrSchedulerType, 0, 1, learningRate.orElse(2e-5), lrSchedulerKwargs); // or says what is wrong with it
        check(warmupSteps >= 0, "training.warmup_steps must not be negative, got %d", warmupSteps);
        check(warmupRatio >= 0 && warmupRatio <= 1, "training.warmup_ratio must be in [0, 1], got %s", warmupRatio);
        check(weightDecay >= 0, "training.weight_decay must not be negative, got %s", weightDecay);
        check(adamBeta1 >= 0 && adamBeta1 < 1, "training.adam_beta1 must be in [0, 1), got %s", adamBeta1);
        check(adamBeta2 >= 0 && adamBeta2 < 1, "training.adam_beta2 must be in [0, 1), got %s", adamBeta2);
        check(adamEpsilon > 0, "training.adam_epsilon must be positive, got %s", adamEpsilon);
        check(maxGradNorm >= 0, "training.max_grad_norm must not be negative, got %s", maxGradNorm);
        check(loggingSteps > 0, "training.logging_steps must be positive, got %d", loggingSteps);
        check(
                evalStrategy != IntervalStrategy.STEPS || evalSteps.orElse(0) > 0,
                "training.eval_strategy: steps needs a positive training.eval_steps, got %d",
                evalSteps.orElse(0));
        check(
                saveStrategy != IntervalStrategy.STEPS || saveSteps.orElse(0) > 0,
                "training.save_strategy: steps needs a positive training.save_steps, got %d",
                saveSteps.orElse(0));
        check(
                saveTotalLimit >= 2,
                "training.save_total_limit must be at least 2, got %d: the last checkpoint may be a broken one",
                saveTotalLimit);
        check(
                shuffle || !groupByLength,
                "training.group_by_length brings the rows into an order of its own; leave out training.shuffle: false");
        check(
                gradientCheckpointing || !activationOffloading,
                "training.activation_offloading: true moves the inputs of layers, and without"
                        + " training.gradient_checkpointing: true there is more to keep than these; set it, too");
        ClassWeights.of(classWeights); // or says what is wrong with them
        checkRegularization(labelSmoothingFactor, neftuneNoiseAlpha, classWeights);
        check(!metricForBestModel.isBlank(), "training.metric_for_best_model must name a metric such as eval/loss");
        checkBestModel(evalStrategy, evalSteps, saveStrategy, saveSteps, loadBestModelAtEnd);
        checkEarlyStopping(evalStrategy, earlyStoppingPatience, earlyStoppingThreshold);
    }

    /** YAML 1.1 has no 1e-5 among its numbers: it arrives as a text. */
    private static Map<String, Object> numbers(Map<String, Object> kwargs) {
        Map<String, Object> numbers = new TreeMap<>(kwargs);
        numbers.replaceAll((name, value) ->
                value instanceof String text && NUMBER.matcher(text).matches() ? Double.valueOf(text) : value);
        return Collections.unmodifiableMap(numbers);
    }

    // A model can only be loaded again that was saved when it was evaluated.
    private static void checkBestModel(
            IntervalStrategy evalStrategy,
            OptionalInt evalSteps,
            IntervalStrategy saveStrategy,
            OptionalInt saveSteps,
            boolean loadsBest) {
        check(
                !loadsBest || (evalStrategy == saveStrategy && evalStrategy != IntervalStrategy.NO),
                "training.load_best_model_at_end: true needs the same eval_strategy and save_strategy, steps or epoch,"
                        + " got %s and %s",
                evalStrategy.label(),
                saveStrategy.label());
        check(
                !loadsBest
                        || evalStrategy != IntervalStrategy.STEPS
                        || saveSteps.getAsInt() % evalSteps.getAsInt() == 0,
                "training.load_best_model_at_end: true needs save_steps that are a multiple of eval_steps,"
                        + " got %d and %d",
                saveSteps.orElse(0),
                evalSteps.orElse(0));
    }

    private static void checkRegularization(double smoothing, OptionalDouble noise, Object classWeights) {
        check(smoothing >= 0 && smoothing < 1, "training.label_smoothing_factor must be in [0, 1), got %s", smoothing);
        check(
                smoothing == 0 || classWeights.equals(List.of()),
                "training.class_weights with label_smoothing_factor is not supported: transformers smooths without"
                        + " weights; leave one of them out");
        double alpha = noise.orElse(0);
        check(
                alpha >= 0 && Double.isFinite(alpha),
                "training.neftune_noise_alpha must be a number from 0 on, got %s",
                alpha);
    }

    /** What a pass is regularized with. */
    public Regularization regularization() {
        return new Regularization(labelSmoothingFactor, neftuneNoiseAlpha.orElse(0));
    }

    private static void checkEarlyStopping(IntervalStrategy evalStrategy, OptionalInt patience, double threshold) {
        check(
                patience.isEmpty() || patience.getAsInt() > 0,
                "training.early_stopping_patience must be positive, got %d",
                patience.orElse(0));
        check(
                patience.isEmpty() || evalStrategy != IntervalStrategy.NO,
                "training.early_stopping_patience needs training.eval_strategy steps or epoch, got no");
        check(threshold >= 0, "training.early_stopping_threshold must not be negative, got %s", threshold);
    }

    /** The learning rate that the schedule starts from, once it is warm. */
    public double peakLearningRate() {
        return learningRate.orElse(2e-5);
    }

    /** The schedule of so many updates. */
    public Schedule schedule(int steps) {
        int warmup = warmupSteps > 0 ? warmupSteps : (int) Math.ceil(warmupRatio * steps);
        return new Schedule(lrSchedulerType, warmup, steps, peakLearningRate(), lrSchedulerKwargs);
    }

    /** The metric that decides which evaluation is the best, as it is logged. */
    public String bestMetric() {
        return metricForBestModel.startsWith(EVAL) ? metricForBestModel : EVAL + metricForBestModel;
    }

    /** As the recipe says; otherwise as transformers guesses: less is better of what is called a loss. */
    public boolean isGreaterBetter() {
        boolean isLoss = bestMetric().endsWith("loss") || bestMetric().endsWith("perplexity");
        return greaterIsBetter.orElse(!isLoss);
    }

    /** Whether it matters which evaluation is the best. */
    public boolean choosesBest() {
        return loadBestModelAtEnd || earlyStoppingPatience.isPresent();
    }

    /**
     * That the best model can be told, where it matters.
     *
     * @param evaluated rows to evaluate on
     * @param scores names that an evaluation gives, without {@code eval/}
     * @throws dev.temper.check.InvalidInputException when the rows measure nothing that tells it
     */
    public void checkBest(int evaluated, Collection<String> scores) {
        if (choosesBest()) {
            check(
                    evaluated > 0,
                    "training.load_best_model_at_end and early_stopping_patience need rows to evaluate on: set"
                            + " data.eval or data.eval_fraction");
            checkMetric(scores);
        }
    }

    /**
     * What only the rows of the run can show.
     *
     * @param scores names that an evaluation of the model gives, without {@code eval/}
     * @throws dev.temper.check.InvalidInputException when {@code metric_for_best_model} is none of them
     */
    public void checkMetric(Collection<String> scores) {
        check(
                scores.contains(bestMetric().substring(EVAL.length())),
                "training.metric_for_best_model: %s is not measured; name one of %s",
                metricForBestModel,
                some(scores));
    }

    /** @throws dev.temper.check.InvalidInputException when {@code class_weights} are not one for each label */
    public void checkClassWeights(int labels) {
        check(
                labels > 0 || classWeights.equals(List.of()),
                "training.class_weights are for model.task: sequence_classification; leave them out");
        ClassWeights.of(classWeights).checkLength(labels);
    }
}
