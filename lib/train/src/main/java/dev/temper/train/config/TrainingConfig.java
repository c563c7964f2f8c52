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
 * Settings of training; {@code training:} in the recipe. Names and, where they agree, defaults are those of
 * transformers' {@code TrainingArguments} (docs/from-trainer.md lists the differences).
 *
 * @param numTrainEpochs passes over the rows; may be a fraction
 * @param maxSteps number of updates, instead of {@code numTrainEpochs}
 * @param batchSize sequences per update, over all workers together
 * @param microBatchTokens maximum number of tokens in one forward pass; empty: chosen to fit into memory
 * @param learningRate peak of the schedule; empty: 2e-4 with an adapter, 2e-5 without
 * @param lrSchedulerKwargs further arguments of the schedule
 * @param warmupSteps updates over which the learning rate rises from 0
 * @param warmupRatio the same as a share of all updates; a positive {@code warmupSteps} takes precedence
 * @param maxGradNorm gradients are scaled down to this global norm; 0: never
 * @param optimizerOffload whether the optimizer's state is in memory-mapped files; changes no result
 * @param gradientCheckpointing whether only the inputs of layers are stored, and each layer is computed a second time
 *     in the backward pass: less memory, a third more time
 * @param activationOffloading whether these inputs are in memory-mapped files in {@code cluster.local_dir}, whose pages
 *     the operating system writes to disk when memory is short; needs {@code gradientCheckpointing}
 * @param classWeights weight of each class of a classifier in the loss, as a list, or {@code balanced}; an empty list:
 *     all the same
 * @param labelSmoothingFactor share of each target that is distributed over all tokens or classes
 * @param neftuneNoiseAlpha scale of the noise that NEFTune adds to embeddings in training; empty: none
 * @param shuffle false: rows in the order of the data
 * @param groupByLength whether an update holds rows of similar length
 * @param loggingSteps updates between two logged losses
 * @param saveSteps updates between two checkpoints with {@code save_strategy: steps}
 * @param saveTotalLimit maximum number of checkpoints in the output
 * @param metricForBestModel metric that determines the best evaluation, with or without {@code eval/}
 * @param greaterIsBetter empty: derived from the metric's name
 * @param loadBestModelAtEnd whether the model of the best evaluation is saved, and not the last one
 * @param earlyStoppingPatience training ends after so many evaluations without a better one; empty: never
 * @param earlyStoppingThreshold minimum improvement for an evaluation to count as better
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
    private static final List<String> LESS_IS_BETTER = List.of("loss", "perplexity", "mse", "mae");
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
        new Schedule(lrSchedulerType, 0, 1, learningRate.orElse(2e-5), lrSchedulerKwargs); // throws if it is invalid
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
        ClassWeights.of(classWeights); // throws if they are invalid
        checkRegularization(labelSmoothingFactor, neftuneNoiseAlpha, classWeights);
        check(!metricForBestModel.isBlank(), "training.metric_for_best_model must name a metric such as eval/loss");
        checkBestModel(evalStrategy, evalSteps, saveStrategy, saveSteps, loadBestModelAtEnd);
        checkEarlyStopping(evalStrategy, earlyStoppingPatience, earlyStoppingThreshold);
    }

    /** Converts texts to numbers where possible: in YAML 1.1, {@code 1e-5} is not a number but a text. */
    private static Map<String, Object> numbers(Map<String, Object> kwargs) {
        Map<String, Object> numbers = new TreeMap<>(kwargs);
        numbers.replaceAll((name, value) ->
                value instanceof String text && NUMBER.matcher(text).matches() ? Double.valueOf(text) : value);
        return Collections.unmodifiableMap(numbers);
    }

    // The best model can only be restored if a checkpoint was written when it was evaluated.
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

    /** Regularization of the forward pass: label smoothing and NEFTune noise. */
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

    /** The peak learning rate, reached after the warm-up. */
    public double peakLearningRate() {
        return learningRate.orElse(2e-5);
    }

    /** The schedule for this number of updates. */
    public Schedule schedule(int steps) {
        int warmup = warmupSteps > 0 ? warmupSteps : (int) Math.ceil(warmupRatio * steps);
        return new Schedule(lrSchedulerType, warmup, steps, peakLearningRate(), lrSchedulerKwargs);
    }

    /** The full name of the metric that determines the best evaluation, with {@code eval/}. */
    public String bestMetric() {
        return metricForBestModel.startsWith(EVAL) ? metricForBestModel : EVAL + metricForBestModel;
    }

    /** As configured; otherwise guessed: less is better of a loss, as in transformers, of perplexity and of errors. */
    public boolean isGreaterBetter() {
        return greaterIsBetter.orElse(LESS_IS_BETTER.stream().noneMatch(bestMetric()::endsWith));
    }

    /** Whether the run needs to know which evaluation was the best. */
    public boolean choosesBest() {
        return loadBestModelAtEnd || earlyStoppingPatience.isPresent();
    }

    /**
     * Checks that the best model can be determined, if the run needs it.
     *
     * @param evaluated number of evaluation rows
     * @param scores names of the scores of an evaluation, without {@code eval/}
     * @throws dev.temper.check.InvalidInputException when no score of these rows determines it
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
     * Checks the name of {@code metric_for_best_model}, which depends on the rows of the run.
     *
     * @param scores names of the scores of an evaluation, without {@code eval/}
     * @throws dev.temper.check.InvalidInputException when {@code metric_for_best_model} is none of them
     */
    public void checkMetric(Collection<String> scores) {
        check(
                scores.contains(bestMetric().substring(EVAL.length())),
                "training.metric_for_best_model: %s is not measured; name one of %s",
                metricForBestModel,
                some(scores));
    }

    /** @throws dev.temper.check.InvalidInputException unless {@code class_weights} has one weight for each label */
    public void checkClassWeights(int labels) {
        check(
                labels > 0 || classWeights.equals(List.of()),
                "training.class_weights are for model.task: sequence_classification; leave them out");
        ClassWeights.of(classWeights).checkLength(labels);
    }
}
