package dev.temper.ml;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.nearest;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.recipe.RecipeKey;
import dev.temper.recipe.RecipeTree;
import dev.temper.spark.StageColumns;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.ml.Estimator;
import org.apache.spark.ml.param.Param;

/**
 * The keys of a recipe as Params, made of what the recipe says of itself, so that none can be forgotten. A Param is
 * called as its key's last name in camel case: {@code training.warmup_ratio} is {@code warmupRatio}. One that is set
 * wins over the recipe's key; one that is not set says nothing, and its default is what a recipe without the key means.
 *
 * @param <S> the stage itself
 */
public abstract class RecipeParams<S extends RecipeParams<S>> extends Estimator<FineTunedModel> {
    /** Keys that are no Params made here, and why. */
    static final Map<String, String> LEFT_OUT = Map.of(
            "data.train", "the DataFrame is what is trained on",
            "output", "the stage has a Param of its own: each fit has a folder below it",
            "tracking", "the console is the command's; a fit tells the JDK's logger");

    private static final long serialVersionUID = 1L;
    private static final Pattern UNDERSCORE = Pattern.compile("_([a-z0-9])");
    private static final Map<String, RecipeKey> KEYS = RecipeKey.all().stream()
            .filter(key -> !LEFT_OUT.containsKey(key.name()))
            .collect(Collectors.toMap(RecipeKey::name, key -> key, (a, b) -> a, LinkedHashMap::new));

    private final String uid;
    private final Map<String, Param<?>> params = new TreeMap<>();

    @SuppressWarnings("unchecked") // a default has the type of its Param
    RecipeParams(String uid) {
        this.uid = uid; // first: Param reads its parent's uid
<<<<<<< HEAD
        KEYS.values().forEach(key -> {
            KeyParam kind = KeyParam.of(key);
            Param<?> param = kind.create(this, name(key.name()), key.meaning());
            params.put(key.name(), param);
            key.otherwise().ifPresent(value -> setDefault((Param<Object>) param, kind.value(value)));
        });
=======
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
>>>>>>> w/objective
    }

    /** The last name in camel case, with its section's in front where two keys end alike. */
    private static String name(String key) {
        String last = last(key);
        boolean isOne =
                KEYS.keySet().stream().filter(other -> last(other).equals(last)).count() == 1;
        String name = isOne ? last : last(key.substring(0, key.lastIndexOf('.'))) + "_" + last;
        return UNDERSCORE.matcher(name).replaceAll(found -> found.group(1).toUpperCase(Locale.ROOT));
    }

    private static String last(String key) {
        return key.substring(key.lastIndexOf('.') + 1);
    }

    /** Those of the recipe's keys, and the stage's own. */
    @Override
    public Param<?>[] params() {
        return Stream.concat(Stream.of(super.params()), params.values().stream())
                .distinct()
                .sorted(Comparator.comparing(Param::name))
                .toArray(Param<?>[]::new);
    }

    /**
     * Sets any key of the recipe.
     *
     * @param key with its sections, such as {@code training.warmup_ratio}
     * @param value a number, a truth value, a text, a list or a map, as the recipe has it; what is no plain text there
     *     also as its text in YAML
     * @throws dev.temper.check.InvalidInputException when there is no such key, or it cannot have this value
     */
    public S setKey(String key, Object value) {
        Param<?> param = param(key);
        JsonNode written = KeyParam.written(KEYS.get(key), value);
        RecipeTree.verify(key + "=" + written);
        return with(param, KeyParam.of(KEYS.get(key)).value(written));
    }

    /**
     * The Param of a key, for grids and all else that Spark does with Params.
     *
     * @param key with its sections, such as {@code training.warmup_ratio}
     * @throws dev.temper.check.InvalidInputException when there is no such key
     */
    public Param<?> param(String key) {
        return typed(key);
    }

    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // who names a key knows what it holds
    final <P extends Param<?>> P typed(String key) {
        Param<?> param = params.get(key);
        check(param != null, "%s: there is no key %s%s", uid, key, hint(key));
        return (P) param;
    }

    private String hint(String key) {
        return LEFT_OUT.containsKey(key)
                ? " to set: " + LEFT_OUT.get(key)
                : nearest(key, params.keySet())
                        .map(name -> "; did you mean " + name + "?")
                        .orElse("");
    }

    /** The Params that are set, as overrides of a recipe. */
    final List<String> overrides() {
        List<String> overrides = new ArrayList<>();
        params.forEach((key, param) -> {
            if (isSet(param)) {
                overrides.add(key + "=" + KeyParam.written(KEYS.get(key), $(param)));
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
}
