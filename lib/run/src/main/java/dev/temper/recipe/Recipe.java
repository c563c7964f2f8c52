package dev.temper.recipe;

import static dev.temper.check.Check.check;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.temper.adapter.LoraConfig;
import dev.temper.generate.GenerationConfig;
import dev.temper.kernel.FloatType;
import dev.temper.model.ModelTask;
import dev.temper.model.Task;
import dev.temper.quant.Quantization;
import dev.temper.spark.cluster.ClusterConfig;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.text.AddedTokens;
import dev.temper.text.DataConfig;
import dev.temper.text.NewToken;
import dev.temper.train.config.TrainingConfig;
import dev.temper.train.objective.Objective;
import dev.temper.train.objective.Objectives;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * What to train, on which data, how, and where to put it: one YAML file. {@code docs/recipe.md} has every key.
 *
 * @param adapter empty: all weights are trained
 * @param tracking where metrics go besides the output
 * @param output folder of everything that the run writes
 */
public record Recipe(
        String name,
        Model model,
        Optional<LoraConfig> adapter,
        DataConfig data,
        TrainingConfig training,
        ClusterConfig cluster,
        GenerationConfig generation,
        List<String> tracking,
        String output) {
    /**
     * What is fine-tuned.
     *
     * @param base a folder in Hugging Face's layout
     * @param labels names of the classes, by number; of a classifier only
     * @param precision arithmetic of the layers
     * @param weights what is trained is kept so
     * @param quantization how the frozen base is kept; empty: as it was saved
     * @param addTokens tokens that its tokenizer gets besides its own, and it rows for
     */
    public record Model(
            String base,
            Task task,
            List<String> labels,
            Precision precision,
            Weights weights,
            Optional<Quantization> quantization,
            List<NewToken> addTokens) {
        public Model {
            check(!base.isBlank(), "model.base must name a folder with config.json and *.safetensors");
            labels.forEach(label -> check(
                    !label.isBlank() && label.equals(label.strip()),
                    "model.labels: '%s' is blank or has spaces around it, which the data's labels never have",
                    label));
            Set<String> names = new TreeSet<>(String.CASE_INSENSITIVE_ORDER); // as Spark tells columns apart
            names.addAll(labels);
            check(
                    names.size() == labels.size(),
                    "model.labels names a class twice, or two that differ in case alone: %s",
                    labels);
            labels = List.copyOf(labels);
            addTokens = new AddedTokens(addTokens).tokens();
        }

        /** What its tokenizer gets. */
        public AddedTokens added() {
            return new AddedTokens(addTokens);
        }

        /**
         * What the model answers.
         *
         * @throws dev.temper.check.InvalidInputException when there are too few classes
         */
        public ModelTask head() {
            return ModelTask.of(task, labels);
        }

        /** All that follows from the task. */
        public Objective objective() {
            return Objectives.of(task, labels);
        }
    }

    /** Arithmetic of the layers. */
    public enum Precision {
        /** What the processors multiply faster. */
        AUTO,
        FP32,
        /** bfloat16, with norms, softmax, loss and sums of gradients in float32. */
        BF16;

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }

        /** @throws IllegalStateException when it is not chosen yet */
        public FloatType type() {
            return switch (this) {
                case FP32 -> FloatType.FLOAT32;
                case BF16 -> FloatType.BFLOAT16;
                case AUTO -> throw new IllegalStateException("the precision is not chosen yet");
            };
        }
    }

    /**
     * The same with another value.
     *
     * @param key with its sections, such as {@code adapter.r}
     * @param yaml what would stand behind the key in a recipe
     */
    public Recipe with(String key, String yaml) {
        ObjectNode tree = (ObjectNode) RecordTree.write(this);
        int dot = key.indexOf('.');
        ObjectNode section = dot < 0 ? tree : (ObjectNode) tree.get(key.substring(0, dot));
        section.set(key.substring(dot + 1), YamlText.parse(yaml, key));
        RecipeTree.layDefaults(tree);
        return new RecordTree<>(Recipe.class).read(tree);
    }

    /** The same with locations that mean the same in any working directory, an executor's too. */
    public Recipe anywhere() {
        Recipe same = with("output", resolvedYaml(output)).with("model.base", resolvedYaml(model.base));
        return adapter.flatMap(LoraConfig::initFrom)
                .map(location -> same.with("adapter.init_from", resolvedYaml(location)))
                .orElse(same);
    }

    private static String resolvedYaml(String location) {
        return TextNode.valueOf(HadoopStore.resolve(location)).toString(); // what is JSON is YAML
    }

    /** The same with another adapter. */
    Recipe with(LoraConfig other) {
        return new Recipe(name, model, Optional.of(other), data, training, cluster, generation, tracking, output);
    }

    /** The same with another precision. */
    public Recipe in(Precision precision) {
        Model same = new Model(
                model.base, model.task, model.labels, precision, model.weights, model.quantization, model.addTokens);
        return new Recipe(name, same, adapter, data, training, cluster, generation, tracking, output);
    }

    /** How what is trained is kept. */
    public enum Weights {
        FLOAT32,
        /** bfloat16, rounded at random. */
        BF16;

        public FloatType type() {
            return this == BF16 ? FloatType.BFLOAT16 : FloatType.FLOAT32;
        }
    }

    public Recipe {
        check(!name.isBlank(), "name must not be empty");
        check(!output.isBlank(), "output must name a folder");
        for (String tracker : tracking) {
            check(tracker.equals("console"), "tracking must be console, got '%s'", tracker);
        }
        Objective objective = Objectives.checked(model.task(), model.labels(), data, training);
        check(
                model.quantization().isEmpty() || adapter.isPresent(),
                "model.quantization: weights in 4 bits cannot be trained; add adapter:, or leave the quantization out");
        training.checkMetric(objective.scoreNames());
        check(
                !training.choosesBest() || data.eval().isPresent() || data.evalFraction() > 0,
                "training.load_best_model_at_end and early_stopping_patience need rows to evaluate on: set data.eval or"
                        + " data.eval_fraction");
        checkOrder(training, data);
        refuseHub("model.base", Stream.of(model.base()));
        refuseHub("adapter.init_from", adapter.stream().flatMap(lora -> lora.initFrom().stream()));
        refuseHub("data.train", data.train().stream().flatMap(source -> source.location().stream()));
        refuseHub("data.eval", data.eval().stream().flatMap(source -> source.location().stream()));
        refuseHub("data.prepared", data.prepared().stream());
        refuseHub("output", Stream.of(output));
        tracking = List.copyOf(tracking);
    }

    private static void checkOrder(TrainingConfig training, DataConfig data) {
        check(
                training.shuffle() || data.tables().isEmpty(),
                "training.shuffle: false trains on rows in the order of the data, and a table (%s) has none: leave it"
                        + " out, or write the rows to a file in the order you want",
                data.tables().stream().map(DataConfig.Source::name).findFirst().orElse(""));
    }

    private static void refuseHub(String key, Stream<String> locations) {
        locations
                .filter(location -> location.startsWith("hub:"))
                .forEach(location -> check(
                        false,
                        "%s: %s: model hubs are not built yet; download the folder and name it here",
                        key,
                        location));
    }
}
