package dev.temper.ml;

import java.util.Map;
import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.StringArrayParam;

/**
 * Typed setters of the keys that people tune most; {@link #setKey} sets any.
 *
 * @param <S> the stage itself
 */
public abstract class CommonParams<S extends CommonParams<S>> extends RecipeParams<S> {
    private static final long serialVersionUID = 1L;

    CommonParams(String uid) {
        super(uid);
    }

    public S setBase(String value) {
        return setKey("model.base", value);
    }

    public S setTask(String value) {
        return setKey("model.task", value);
    }

    public S setLabels(String... value) {
        return setKey("model.labels", value);
    }

    public S setPrecision(String value) {
        return setKey("model.precision", value);
    }

    public S setR(int value) {
        return setKey("adapter.r", value);
    }

    public S setLoraAlpha(double value) {
        return setKey("adapter.lora_alpha", value);
    }

    public S setLoraDropout(double value) {
        return setKey("adapter.lora_dropout", value);
    }

    public S setFormat(String value) {
        return setKey("data.format", value);
    }

    /** Roles of the format and their columns. */
    public S setColumns(Map<String, ?> roles) {
        return setKey("data.columns", roles);
    }

    public S setColumns(String value) {
        return setKey("data.columns", value);
    }

    public S setEvalFraction(double value) {
        return setKey("data.eval_fraction", value);
    }

    public S setTrainOn(String value) {
        return setKey("data.train_on", value);
    }

    public S setMaxLength(int value) {
        return setKey("data.max_length", value);
    }

    public S setPacking(String value) {
        return setKey("data.packing", value);
    }

    public S setNumTrainEpochs(double value) {
        return setKey("training.num_train_epochs", value);
    }

    public S setMaxSteps(int value) {
        return setKey("training.max_steps", value);
    }

    public S setBatchSize(int value) {
        return setKey("training.batch_size", value);
    }

    public S setLearningRate(double value) {
        return setKey("training.learning_rate", value);
    }

    public S setLrSchedulerType(String value) {
        return setKey("training.lr_scheduler_type", value);
    }

    public S setWarmupSteps(int value) {
        return setKey("training.warmup_steps", value);
    }

    public S setWeightDecay(double value) {
        return setKey("training.weight_decay", value);
    }

    public S setMaxGradNorm(double value) {
        return setKey("training.max_grad_norm", value);
    }

    public S setOptim(String value) {
        return setKey("training.optim", value);
    }

    public S setGradientCheckpointing(boolean value) {
        return setKey("training.gradient_checkpointing", value);
    }

    public S setLoggingSteps(int value) {
        return setKey("training.logging_steps", value);
    }

    public S setEvalStrategy(String value) {
        return setKey("training.eval_strategy", value);
    }

    public S setSaveStrategy(String value) {
        return setKey("training.save_strategy", value);
    }

    public S setSeed(long value) {
        return setKey("training.seed", value);
    }

    public S setWorkers(int value) {
        return setKey("cluster.workers", value);
    }

    // Spark's ways to ask for a Param.

    public Param<String> base() {
        return typed("model.base");
    }

    public Param<String> task() {
        return typed("model.task");
    }

    public StringArrayParam labels() {
        return typed("model.labels");
    }

    public Param<String> precision() {
        return typed("model.precision");
    }

    public IntParam r() {
        return typed("adapter.r");
    }

    public DoubleParam loraAlpha() {
        return typed("adapter.lora_alpha");
    }

    public DoubleParam loraDropout() {
        return typed("adapter.lora_dropout");
    }

    public Param<String> format() {
        return typed("data.format");
    }

    public Param<String> columns() {
        return typed("data.columns");
    }

    public DoubleParam evalFraction() {
        return typed("data.eval_fraction");
    }

    public Param<String> trainOn() {
        return typed("data.train_on");
    }

    public IntParam maxLength() {
        return typed("data.max_length");
    }

    public Param<String> packing() {
        return typed("data.packing");
    }

    public DoubleParam numTrainEpochs() {
        return typed("training.num_train_epochs");
    }

    public IntParam maxSteps() {
        return typed("training.max_steps");
    }

    public IntParam batchSize() {
        return typed("training.batch_size");
    }

    public DoubleParam learningRate() {
        return typed("training.learning_rate");
    }

    public Param<String> lrSchedulerType() {
        return typed("training.lr_scheduler_type");
    }

    public IntParam warmupSteps() {
        return typed("training.warmup_steps");
    }

    public DoubleParam weightDecay() {
        return typed("training.weight_decay");
    }

    public DoubleParam maxGradNorm() {
        return typed("training.max_grad_norm");
    }

    public Param<String> optim() {
        return typed("training.optim");
    }

    public BooleanParam gradientCheckpointing() {
        return typed("training.gradient_checkpointing");
    }

    public IntParam loggingSteps() {
        return typed("training.logging_steps");
    }

    public Param<String> evalStrategy() {
        return typed("training.eval_strategy");
    }

    public Param<String> saveStrategy() {
        return typed("training.save_strategy");
    }

    public LongParam seed() {
        return typed("training.seed");
    }

    public IntParam workers() {
        return typed("cluster.workers");
    }
}
