package dev.temper.ml;

import dev.temper.spark.StageColumns;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.ml.Estimator;
import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.StringArrayParam;

/**
 * Keys of a recipe as Params: those that people tune. A Param that is set wins over the recipe's key; one that is not
 * set says nothing, and its default is what a recipe without the key means.
 *
 * @param <S> the stage itself
 */
public abstract class RecipeParams<S extends RecipeParams<S>> extends Estimator<FineTunedModel> {
    private static final long serialVersionUID = 1L;

    private final String uid;
    private final Map<String, Param<?>> keys = new LinkedHashMap<>();
    private final Param<String> base;
    private final Param<String> task;
    private final StringArrayParam labels;
    private final Param<String> precision;
    private final IntParam r;
    private final DoubleParam loraAlpha;
    private final DoubleParam loraDropout;
    private final Param<String> format;
    private final Param<String> columns;
    private final DoubleParam evalFraction;
    private final Param<String> trainOn;
    private final IntParam maxLength;
    private final Param<String> packing;
    private final DoubleParam numTrainEpochs;
    private final IntParam maxSteps;
    private final IntParam batchSize;
    private final DoubleParam learningRate;
    private final Param<String> lrSchedulerType;
    private final IntParam warmupSteps;
    private final DoubleParam weightDecay;
    private final DoubleParam maxGradNorm;
    private final Param<String> optim;
    private final BooleanParam gradientCheckpointing;
    private final IntParam loggingSteps;
    private final Param<String> evalStrategy;
    private final Param<String> saveStrategy;
    private final LongParam seed;
    private final IntParam workers;

    RecipeParams(String uid) {
        this.uid = uid; // first: Param reads its parent's uid
        this.base = of("model.base", new Param<>(this, "base", "folder of the base model in Hugging Face's layout"));
        this.task = of("model.task", new Param<>(this, "task", "what the model learns, such as causal_lm"));
        this.labels = of(
                "model.labels",
                new StringArrayParam(this, "labels", "names of the classes, by number; of a classifier only"));
        this.precision =
                of("model.precision", new Param<>(this, "precision", "arithmetic of the layers: auto, fp32 or bf16"));
        this.r = of(
                "adapter.r", new IntParam(this, "r", "rank of LoRA; without any adapter key all weights are trained"));
        this.loraAlpha =
                of("adapter.lora_alpha", new DoubleParam(this, "loraAlpha", "LoRA's update is scaled by this over r"));
        this.loraDropout = of(
                "adapter.lora_dropout",
                new DoubleParam(this, "loraDropout", "share of LoRA's inputs that are dropped"));
        this.format = of(
                "data.format",
                new Param<>(this, "format", "what the columns mean: text, prompt_completion, classification, …"));
        this.columns = of(
                "data.columns",
                new Param<>(this, "columns", "which column holds what, in YAML: {prompt: q, completion: a}"));
        this.evalFraction = of(
                "data.eval_fraction", new DoubleParam(this, "evalFraction", "share of the rows that are evaluated on"));
        this.trainOn = of("data.train_on", new Param<>(this, "trainOn", "completion, assistant or all"));
        this.maxLength = of("data.max_length", new IntParam(this, "maxLength", "tokens of a row at most"));
        this.packing = of("data.packing", new Param<>(this, "packing", "none, bfd or wrapped"));
        this.numTrainEpochs = of(
                "training.num_train_epochs",
                new DoubleParam(this, "numTrainEpochs", "passes over the rows; may be a fraction"));
        this.maxSteps = of("training.max_steps", new IntParam(this, "maxSteps", "updates, instead of numTrainEpochs"));
        this.batchSize = of(
                "training.batch_size",
                new IntParam(this, "batchSize", "sequences per update, over all workers together"));
        this.learningRate = of(
                "training.learning_rate",
                new DoubleParam(
                        this, "learningRate", "step size; 2e-4 where an adapter is trained and nothing is set"));
        this.lrSchedulerType =
                of("training.lr_scheduler_type", new Param<>(this, "lrSchedulerType", "linear, cosine, constant, …"));
        this.warmupSteps = of(
                "training.warmup_steps",
                new IntParam(this, "warmupSteps", "updates over which the learning rate rises"));
        this.weightDecay = of("training.weight_decay", new DoubleParam(this, "weightDecay", "as in AdamW"));
        this.maxGradNorm = of(
                "training.max_grad_norm",
                new DoubleParam(this, "maxGradNorm", "gradients are scaled down to this norm; 0: they are not"));
        this.optim = of("training.optim", new Param<>(this, "optim", "adamw, adamw_8bit, adafactor, lion or sgd"));
        this.gradientCheckpointing = of(
                "training.gradient_checkpointing",
                new BooleanParam(this, "gradientCheckpointing", "less memory, a third more time"));
        this.loggingSteps =
                of("training.logging_steps", new IntParam(this, "loggingSteps", "updates between two logged losses"));
        this.evalStrategy = of("training.eval_strategy", new Param<>(this, "evalStrategy", "no, steps or epoch"));
        this.saveStrategy = of("training.save_strategy", new Param<>(this, "saveStrategy", "no, steps or epoch"));
        this.seed = of("training.seed", new LongParam(this, "seed", "the same seed, the same model"));
        this.workers = of("cluster.workers", new IntParam(this, "workers", "tasks that train side by side"));
    }

    @SuppressWarnings("unchecked") // the recipe's default has the type of its Param
    private <P extends Param<?>> P of(String key, P param) {
        keys.put(key, param);
        RecipeDefault.of(key, param).ifPresent(value -> setDefault((Param<Object>) param, value));
        return param;
    }

    /** The Params that are set, as overrides of a recipe. */
    final List<String> overrides() {
        List<String> overrides = new ArrayList<>();
        keys.forEach((key, param) -> {
            if (isSet(param)) {
                overrides.add(key + "=" + (param.name().equals("columns") ? $(param) : RecipeDefault.json($(param))));
            }
        });
        return overrides;
    }

    @SuppressWarnings("unchecked") // a stage names itself as S
    final S with(Param<?> param, Object value) {
        set(param.name(), value);
        return (S) this;
    }

    @Override
    public String explainParam(Param<?> param) {
        return StageColumns.explained(this, param, super.explainParam(param));
    }

    @Override
    public String uid() {
        return uid;
    }

    /** Roles of the format and their columns. */
    public S setColumns(Map<String, ?> roles) {
        return with(columns, RecipeDefault.json(roles));
    }

    public S setBase(String value) {
        return with(base, value);
    }

    public S setTask(String value) {
        return with(task, value);
    }

    public S setLabels(String... value) {
        return with(labels, value);
    }

    public S setPrecision(String value) {
        return with(precision, value);
    }

    public S setR(int value) {
        return with(r, value);
    }

    public S setLoraAlpha(double value) {
        return with(loraAlpha, value);
    }

    public S setLoraDropout(double value) {
        return with(loraDropout, value);
    }

    public S setFormat(String value) {
        return with(format, value);
    }

    public S setColumns(String value) {
        return with(columns, value);
    }

    public S setEvalFraction(double value) {
        return with(evalFraction, value);
    }

    public S setTrainOn(String value) {
        return with(trainOn, value);
    }

    public S setMaxLength(int value) {
        return with(maxLength, value);
    }

    public S setPacking(String value) {
        return with(packing, value);
    }

    public S setNumTrainEpochs(double value) {
        return with(numTrainEpochs, value);
    }

    public S setMaxSteps(int value) {
        return with(maxSteps, value);
    }

    public S setBatchSize(int value) {
        return with(batchSize, value);
    }

    public S setLearningRate(double value) {
        return with(learningRate, value);
    }

    public S setLrSchedulerType(String value) {
        return with(lrSchedulerType, value);
    }

    public S setWarmupSteps(int value) {
        return with(warmupSteps, value);
    }

    public S setWeightDecay(double value) {
        return with(weightDecay, value);
    }

    public S setMaxGradNorm(double value) {
        return with(maxGradNorm, value);
    }

    public S setOptim(String value) {
        return with(optim, value);
    }

    public S setGradientCheckpointing(boolean value) {
        return with(gradientCheckpointing, value);
    }

    public S setLoggingSteps(int value) {
        return with(loggingSteps, value);
    }

    public S setEvalStrategy(String value) {
        return with(evalStrategy, value);
    }

    public S setSaveStrategy(String value) {
        return with(saveStrategy, value);
    }

    public S setSeed(long value) {
        return with(seed, value);
    }

    public S setWorkers(int value) {
        return with(workers, value);
    }

    // Spark finds the parameters of a stage by these methods.

    public Param<String> base() {
        return base;
    }

    public Param<String> task() {
        return task;
    }

    public StringArrayParam labels() {
        return labels;
    }

    public Param<String> precision() {
        return precision;
    }

    public IntParam r() {
        return r;
    }

    public DoubleParam loraAlpha() {
        return loraAlpha;
    }

    public DoubleParam loraDropout() {
        return loraDropout;
    }

    public Param<String> format() {
        return format;
    }

    public Param<String> columns() {
        return columns;
    }

    public DoubleParam evalFraction() {
        return evalFraction;
    }

    public Param<String> trainOn() {
        return trainOn;
    }

    public IntParam maxLength() {
        return maxLength;
    }

    public Param<String> packing() {
        return packing;
    }

    public DoubleParam numTrainEpochs() {
        return numTrainEpochs;
    }

    public IntParam maxSteps() {
        return maxSteps;
    }

    public IntParam batchSize() {
        return batchSize;
    }

    public DoubleParam learningRate() {
        return learningRate;
    }

    public Param<String> lrSchedulerType() {
        return lrSchedulerType;
    }

    public IntParam warmupSteps() {
        return warmupSteps;
    }

    public DoubleParam weightDecay() {
        return weightDecay;
    }

    public DoubleParam maxGradNorm() {
        return maxGradNorm;
    }

    public Param<String> optim() {
        return optim;
    }

    public BooleanParam gradientCheckpointing() {
        return gradientCheckpointing;
    }

    public IntParam loggingSteps() {
        return loggingSteps;
    }

    public Param<String> evalStrategy() {
        return evalStrategy;
    }

    public Param<String> saveStrategy() {
        return saveStrategy;
    }

    public LongParam seed() {
        return seed;
    }

    public IntParam workers() {
        return workers;
    }
}
